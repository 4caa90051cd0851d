// An example of a plugin's command; docs/plugins.md explains it.
const { PluginCommand, Args, formatSize } = globalThis[Symbol.for('collective.plugin.v1')];

export class Hello extends PluginCommand {
  static summary = 'Greet, and tell how much is in a folder.';
  static args = { path: Args.string({ default: '/', ignoreStdin: true, description: 'A remote folder.' }) };

  async run() {
    const { args, flags } = await this.parse(Hello);
    const collective = await this.connect(flags.context);
    const { member } = await collective.status();
    let files = 0;
    let bytes = 0;
    for await (const entry of collective.list(args.path)) {
      if (entry.kind !== 'file') continue;
      files += 1;
      bytes += entry.size;
    }
    this.log(`Hello ${member.name}! In ${args.path} ${files === 1 ? 'is 1 file' : `are ${files} files`}, ${formatSize(bytes)}.`);
    return { member: member.name, path: args.path, files, bytes };
  }
}
