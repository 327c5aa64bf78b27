// Who answers what between the stations and the operator's CSMS, as pure data; `docs/upstream.md` shows the same table and a test compares them.

/** Way of a CALL that a station makes. */
export type UpWay =
  /** Upstream's answer goes back to the station, for as long as the deadline allows. */
  | 'relay'
  /** The station is answered here; upstream gets the same CALL and its answer ends here. */
  | 'copy'
  /** The station is answered once the CALL is on the disk; upstream gets it in order, until it answers. */
  | 'deliver'
  /** The station is answered here; upstream gets CALLs of our own at its own interval. */
  | 'own'
  /** The station is answered here and upstream never hears of it. */
  | 'here';

/** Way of a CALL that upstream makes. */
export type DownWay =
  /** The station answers; both texts pass byte for byte. */
  | 'forward'
  /** The station answers; transaction ids are exchanged and a charging profile is taken out on the way. */
  | 'rewrite'
  /** What concerns our own link with the station is answered here, the rest goes to the station. */
  | 'check'
  /** Answered here as a conformant station would; the station never sees it. */
  | 'virtual'
  /** Refused here and logged as a security event; the station never sees it. */
  | 'refuse';

export type RelayRule =
  | {
      readonly direction: 'up';
      readonly whenUp: UpWay;
      /** What becomes of it while the link is down. The station is answered here in every case. */
      readonly whenDown: 'queued' | 'last one later' | 'lost' | 'never sent';
      readonly stored: 'nothing' | 'boot' | 'last per connector' | 'outbox';
    }
  | {
      readonly direction: 'down';
      readonly whenUp: DownWay;
      /** Upstream cannot call while the link is down. */
      readonly whenDown: 'cannot come';
      readonly stored: 'nothing' | 'profiles' | 'keys';
    };

const relay = { direction: 'up', whenUp: 'relay', whenDown: 'lost', stored: 'nothing' } as const;
const copy = { direction: 'up', whenUp: 'copy', whenDown: 'lost', stored: 'nothing' } as const;
const deliver = { direction: 'up', whenUp: 'deliver', whenDown: 'queued', stored: 'outbox' } as const;
const forward = { direction: 'down', whenUp: 'forward', whenDown: 'cannot come', stored: 'nothing' } as const;
const virtual = { direction: 'down', whenUp: 'virtual', whenDown: 'cannot come', stored: 'profiles' } as const;
const refuse = { direction: 'down', whenUp: 'refuse', whenDown: 'cannot come', stored: 'nothing' } as const;

/** OCPP 1.6 §4 and the security white paper: what a station calls. */
export const UP_RULES: { readonly [action: string]: RelayRule & { readonly direction: 'up' } } = {
  Authorize: relay,
  BootNotification: { direction: 'up', whenUp: 'relay', whenDown: 'last one later', stored: 'boot' },
  DataTransfer: relay,
  DiagnosticsStatusNotification: copy,
  FirmwareStatusNotification: copy,
  Heartbeat: { direction: 'up', whenUp: 'own', whenDown: 'never sent', stored: 'nothing' },
  LogStatusNotification: copy,
  MeterValues: deliver,
  SecurityEventNotification: deliver,
  SignCertificate: { direction: 'up', whenUp: 'here', whenDown: 'never sent', stored: 'nothing' },
  SignedFirmwareStatusNotification: copy,
  StartTransaction: deliver,
  StatusNotification: { direction: 'up', whenUp: 'copy', whenDown: 'last one later', stored: 'last per connector' },
  StopTransaction: deliver,
};

/** OCPP 1.6 §5 and the security white paper: what upstream calls. */
export const DOWN_RULES: { readonly [action: string]: RelayRule & { readonly direction: 'down' } } = {
  CancelReservation: forward,
  CertificateSigned: refuse,
  ChangeAvailability: forward,
  ChangeConfiguration: { direction: 'down', whenUp: 'check', whenDown: 'cannot come', stored: 'keys' },
  ClearCache: forward,
  ClearChargingProfile: virtual,
  DataTransfer: forward,
  DeleteCertificate: refuse,
  ExtendedTriggerMessage: forward,
  GetCompositeSchedule: { direction: 'down', whenUp: 'virtual', whenDown: 'cannot come', stored: 'nothing' },
  GetConfiguration: { direction: 'down', whenUp: 'check', whenDown: 'cannot come', stored: 'nothing' },
  GetDiagnostics: forward,
  GetInstalledCertificateIds: forward,
  GetLocalListVersion: forward,
  GetLog: forward,
  // A manufacturer's root goes to the station, a central system's does not.
  InstallCertificate: { direction: 'down', whenUp: 'check', whenDown: 'cannot come', stored: 'nothing' },
  RemoteStartTransaction: { direction: 'down', whenUp: 'rewrite', whenDown: 'cannot come', stored: 'profiles' },
  RemoteStopTransaction: { direction: 'down', whenUp: 'rewrite', whenDown: 'cannot come', stored: 'nothing' },
  ReserveNow: forward,
  Reset: forward,
  SendLocalList: forward,
  SetChargingProfile: virtual,
  SignedUpdateFirmware: forward,
  TriggerMessage: forward,
  UnlockConnector: forward,
  UpdateFirmware: forward,
};

const DOWN_BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(
  Object.keys(DOWN_RULES).map((action) => [action.toLowerCase(), action]),
);

/**
 * Way of upstream's CALL. Actions nobody knows are forwarded: the station says itself what it thinks of them. A known name in another
 * spelling is `misspelt`: a lenient station might obey what we did not recognise.
 */
export function downWay(action: string): DownWay | 'misspelt' {
  const canonical = DOWN_BY_LOWER_CASE.get(action.toLowerCase());
  if (canonical === undefined) return 'forward';
  return canonical === action ? DOWN_RULES[action]!.whenUp : 'misspelt';
}
