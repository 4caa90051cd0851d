import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCertificatesSoak } from './certificates-soak/run.js';

// A coordinator, nodes and clients whose certificates live for minutes, under constant use.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    lifetime: { type: 'string', default: '2m' },
    nodes: { type: 'string', default: '2' },
    interval: { type: 'string', default: '1000' },
  },
});

const root = await mkdtemp(join(tmpdir(), 'collective-certificates-'));
const report = await runCertificatesSoak({
  root,
  durationMs: Number(values.minutes) * 60_000,
  lifetime: values.lifetime,
  nodes: Number(values.nodes),
  intervalMs: Number(values.interval),
  onProgress: (text) => console.log(text),
});
const { renewals } = report;
console.log(`time             ${Math.round(report.durationMs / 1000)} s with certificates of ${values.lifetime}`);
console.log(`renewals         coordinator ${renewals.coordinator}, nodes ${renewals.node}, clients ${renewals.client}`);
console.log(`calls            ${report.calls} (${report.commands} of them commands of their own)`);
console.log(`failed           ${report.failed}`);
console.log(`repeated         ${report.repeated} calls had to be made again by the client itself`);
console.log(`event stream     ${report.streamedEvents} events without a gap: ${report.streamWhole}`);
console.log(`long get         ${report.slowBytes} bytes over the whole time, as they were stored: ${report.slowWhole}`);
console.log(`health           ${report.health}; log verified and replayed equal: ${report.audited}`);
for (const complaint of report.complaints.slice(0, 20)) console.log(`  ${complaint}`);
console.log(report.good ? 'PASSED' : 'FAILED');
if (report.good) await rm(root, { recursive: true });
else console.log(`data and logs are kept in ${root}`);
process.exitCode = report.good ? 0 : 1;
