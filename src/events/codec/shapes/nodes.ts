import { LIMITS } from '../../../base/index.js';
import type {
  NodeBecameUnreachable,
  NodeCapacityChanged,
  NodeDecommissioned,
  NodeEndpointsChanged,
  NodeRecovered,
  NodeRegistered,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, record } from '../field.js';
import { label, nodeId, oneOf, sizeBytes, text, timeMs } from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

export const nodes = {
  NodeRegistered: firstVersion(record<FieldsOfEvent<NodeRegistered>>({ nodeId, name: label })),
  NodeEndpointsChanged: firstVersion(
    record<FieldsOfEvent<NodeEndpointsChanged>>({
      nodeId,
      endpoints: list(text(LIMITS.endpointBytes), 0, LIMITS.endpointsPerDaemon),
      failureDomain: label,
    }),
  ),
  NodeCapacityChanged: firstVersion(
    record<FieldsOfEvent<NodeCapacityChanged>>({ nodeId, capacityBytes: sizeBytes, fullnessPercent: oneOf(0, 80, 90, 95) }),
  ),
  NodeBecameUnreachable: firstVersion(record<FieldsOfEvent<NodeBecameUnreachable>>({ nodeId, lastSeenMs: timeMs })),
  NodeRecovered: firstVersion(record<FieldsOfEvent<NodeRecovered>>({ nodeId })),
  NodeDecommissioned: firstVersion(record<FieldsOfEvent<NodeDecommissioned>>({ nodeId })),
};
