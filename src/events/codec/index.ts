export { decodeEnvelope, encodeEnvelope, envelopeBytesMax, type DecodedEnvelope } from './envelope.js';
export { createEventCodec, eventCodec, type EncodedEvent, type EventCodec } from './event-codec.js';
export { firstVersion, type EventShape } from './event-shape.js';
export { extentListIdOf } from './extent-list.js';
export { list, optional, record, type Field } from './field.js';
export { WireProblem } from './wire-value.js';
