// The official schemas of OCPP 1.6 and of its security white paper.

import { schemaLoader } from '../schemas.ts';

export const loadV16Schemas = schemaLoader('1.6', () => import('typed-ocpp/dist/ocpp16/schemas.js'));
