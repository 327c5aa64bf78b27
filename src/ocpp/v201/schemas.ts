// The official schemas of OCPP 2.0.1.

import { schemaLoader } from '../schemas.ts';

export const loadV201Schemas = schemaLoader('2.0.1', () => import('typed-ocpp/dist/ocpp20/schemas.js'));
