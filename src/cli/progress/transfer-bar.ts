import { formatSize } from '../../base/index.js';
import type { TransferProgress } from '../../client/index.js';

/** How a transfer is shown while it goes on. */
export interface TransferView {
  readonly onTotals: (totals: { readonly files: number | undefined; readonly bytes: number | undefined }) => void;
  readonly onProgress: (progress: TransferProgress) => void;
  stop(): void;
}

interface BarPayload {
  readonly files: number;
  readonly totalFiles: number | undefined;
  readonly knownBytes: number;
}

const SILENT: TransferView = { onTotals: () => undefined, onProgress: () => undefined, stop: () => undefined };

/** A bar on stderr for people, nothing for anybody else. */
export async function transferView(interactive: boolean, verb: string, noun = 'files'): Promise<TransferView> {
  if (!interactive) return SILENT;
  const { default: progress } = await import('cli-progress');
  const beginMs = Date.now();
  const bar = new progress.SingleBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    fps: 5,
    etaBuffer: 100,
    format: (_options, params, payload: BarPayload) => {
      const { value, total } = params;
      const seconds = Math.max(0.001, (Date.now() - beginMs) / 1000);
      const known = Math.min(value, payload.knownBytes);
      const moved = `${formatSize((value - known) / seconds)}/s`;
      const rate = known > 0 ? `${moved}  ${formatSize(known)} was there` : moved;
      const files =
        payload.totalFiles === undefined ? `${payload.files} ${noun}` : `${payload.files}/${payload.totalFiles} ${noun}`;
      if (total <= 0) return `${verb}  ${formatSize(value)}  ${files}  ${rate}`;
      const share = Math.min(1, value / total);
      const filled = Math.round(share * 24);
      const drawn = `${'#'.repeat(filled)}${'.'.repeat(24 - filled)}`;
      return `${verb} [${drawn}] ${Math.floor(share * 100)}%  ${formatSize(value)} of ${formatSize(total)}  ${files}  ${rate}`;
    },
  });
  let totalFiles: number | undefined;
  bar.start(0, 0, { files: 0, totalFiles, knownBytes: 0 });
  return {
    onTotals: ({ files, bytes }) => {
      totalFiles = files;
      bar.setTotal(bytes ?? 0);
      bar.update({ files: 0, totalFiles, knownBytes: 0 });
    },
    onProgress: ({ files, bytes, knownBytes }) => bar.update(bytes, { files, totalFiles, knownBytes }),
    stop: () => bar.stop(),
  };
}
