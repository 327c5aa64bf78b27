// Answers the CALLs that upstream makes to one station: hands on what is the station's, answers what is ours, refuses what would cut us off.

import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { StationId } from '../core/model/units.ts';
import type { CallOutcome, IncomingCall, StationCalls, Surroundings } from '../engine/ports.ts';
import type { Reply } from '../ocpp/rpc/contract.ts';
import { readChargingProfile } from '../ocpp/rpc/profile-v16.ts';
import { type CompositeSource, compositeAnswer } from './composite-answer.ts';
import { keepValue, kindOfKey, withKeptValues } from './guarded-keys.ts';
import { type IdMapping, withTransactionId } from './id-mapping.ts';
import { removeMember } from './raw-json.ts';
import { downWay } from './relay-table.ts';
import type { StationMemory } from './station-memory.ts';
import { clearProfiles, type ProfileAnswer, setProfile } from './virtual-profiles.ts';

export type DownOptions = {
  readonly surroundings: Surroundings;
  readonly station: StationId;
  readonly connectors: readonly number[];
  readonly stations: () => StationCalls;
  readonly mapping: IdMapping;
  readonly memory: StationMemory;
  readonly composite: CompositeSource;
  readonly onProfilesChanged: () => void;
  /**
   * A remote start brings a profile for the transaction to come; `connector` is absent when the station chooses it. The function that is
   * returned withdraws it, without effect once a transaction has taken it.
   */
  readonly onStartProfile: (profile: ChargingProfile, connector: number | undefined) => () => void;
};

export class DownCalls {
  readonly #options: DownOptions;

  constructor(options: DownOptions) {
    this.#options = options;
  }

  /** Answers one CALL of upstream, by the table of `docs/upstream.md`. */
  async handle(call: IncomingCall): Promise<Reply> {
    // Upstream's answer that came just before, in the same turn perhaps, takes effect first: this CALL may name the id that it gave.
    await this.#options.surroundings.clock.sleep('upstream.in-order', 0);
    switch (downWay(call.action)) {
      case 'forward':
        return this.#forward(call, call.rawPayload);
      case 'rewrite':
        return call.action === 'RemoteStopTransaction' ? this.#remoteStop(call) : this.#remoteStart(call);
      case 'check':
        return this.#check(call);
      case 'virtual':
        return this.#virtual(call);
      case 'refuse':
        return this.#refuse(call, call.action === 'DeleteCertificate' ? 'Failed' : 'Rejected');
      case 'misspelt':
        return {
          kind: 'error',
          code: 'NotImplemented',
          description: `${call.action.slice(0, 50)} is no action of OCPP 1.6`,
        };
    }
  }

  async #ask(call: IncomingCall, rawPayload: string): Promise<CallOutcome> {
    const { stations, station } = this.#options;
    return stations().call(station, { messageId: call.messageId, action: call.action, rawPayload });
  }

  async #forward(call: IncomingCall, rawPayload: string): Promise<Reply> {
    return toReply(await this.#ask(call, rawPayload));
  }

  async #remoteStop(call: IncomingCall): Promise<Reply> {
    const id = call.payload.transactionId;
    if (typeof id !== 'number') return this.#forward(call, call.rawPayload);
    const named = this.#options.mapping.fromUpstream(id);
    if (named.kind === 'collides') return status('Rejected');
    return this.#forward(
      call,
      named.kind === 'known' ? withTransactionId(call.rawPayload, named.transaction.localId) : call.rawPayload,
    );
  }

  /** The profile becomes a bound of ours; a station that got it would charge by it, above our limit (OCPP 1.6 §5.11). */
  async #remoteStart(call: IncomingCall): Promise<Reply> {
    const wire = call.payload.chargingProfile;
    if (wire === undefined) return this.#forward(call, call.rawPayload);
    const reading = readChargingProfile(wire as Record<string, unknown>);
    if (!reading.ok) return { kind: 'error', code: reading.code, description: reading.description };
    if (reading.profile.purpose !== 'TxProfile') return status('Rejected');
    const { connectorId } = call.payload;
    // Before the station is asked: its StartTransaction may overtake its answer.
    const withdraw = this.#options.onStartProfile(
      reading.profile,
      typeof connectorId === 'number' ? connectorId : undefined,
    );
    const outcome = await this.#ask(call, removeMember(call.rawPayload, 'chargingProfile'));
    if (outcome.kind !== 'result' || outcome.payload.status !== 'Accepted') withdraw();
    return toReply(outcome);
  }

  async #check(call: IncomingCall): Promise<Reply> {
    const { memory } = this.#options;
    if (call.action === 'InstallCertificate') {
      return call.payload.certificateType === 'ManufacturerRootCertificate'
        ? this.#forward(call, call.rawPayload)
        : this.#refuse(call, 'Rejected');
    }
    if (call.action === 'ChangeConfiguration') {
      const key = String(call.payload.key);
      const kind = kindOfKey(key);
      if (kind === 'guarded') return this.#refuse(call, 'Rejected');
      if (kind === 'station') return this.#forward(call, call.rawPayload);
      const kept = keepValue(memory.keys, key, call.payload.value);
      if (!kept) return status('Rejected');
      await memory.setKeys(kept);
      return status('Accepted');
    }
    const outcome = await this.#ask(call, call.rawPayload);
    if (outcome.kind !== 'result' || Object.keys(memory.keys).length === 0) return toReply(outcome);
    const asked = Array.isArray(call.payload.key) ? call.payload.key.map(String) : [];
    return { kind: 'result', rawPayload: JSON.stringify(withKeptValues(outcome.payload, memory.keys, asked)) };
  }

  async #virtual(call: IncomingCall): Promise<Reply> {
    const { memory, connectors, mapping, composite, station, surroundings } = this.#options;
    if (call.action === 'GetCompositeSchedule') {
      const transactions = connectors.flatMap((evse) => {
        const running = mapping.onConnector(evse);
        return running ? [{ evse, id: String(running.localId) }] : [];
      });
      const answer = compositeAnswer(call.payload, composite, {
        station,
        connectors,
        profiles: memory.profiles,
        transactions,
        wallNow: surroundings.clock.wall(),
      });
      return answer.kind === 'error' ? answer : { kind: 'result', rawPayload: JSON.stringify(answer.payload) };
    }
    const answer: ProfileAnswer =
      call.action === 'SetChargingProfile'
        ? setProfile(memory.profiles, call.payload, connectors, mapping)
        : clearProfiles(memory.profiles, call.payload);
    if (answer.kind === 'error') return answer;
    if (answer.changed) {
      const saved = memory.setProfiles(answer.changed);
      this.#options.onProfilesChanged();
      await saved;
    }
    return status(answer.status);
  }

  #refuse(call: IncomingCall, answer: string): Reply {
    const { surroundings, station } = this.#options;
    // The value may be a secret: only the names are told.
    surroundings.log.error('upstream.security-refused', {
      station,
      action: call.action,
      key: typeof call.payload.key === 'string' ? call.payload.key.slice(0, 50) : undefined,
    });
    return status(answer);
  }
}

function status(text: string): Reply {
  return { kind: 'result', rawPayload: JSON.stringify({ status: text }) };
}

/** The station's answer as upstream gets it: byte for byte, or an error that invents nothing. */
function toReply(outcome: CallOutcome): Reply {
  switch (outcome.kind) {
    case 'result':
      return { kind: 'result', rawPayload: outcome.rawPayload };
    case 'error':
      return {
        kind: 'error',
        code: outcome.code,
        description: outcome.description,
        rawDetails: outcome.rawDetails || '{}',
      };
    case 'unanswered':
      return { kind: 'error', code: 'GenericError', description: 'the station did not answer in time' };
    case 'unsent':
      return { kind: 'error', code: 'GenericError', description: `the station cannot be reached: ${outcome.why}` };
  }
}
