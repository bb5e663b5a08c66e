import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Completed {
  readonly name: string;
  readonly description: string;
  /** Long options with their descriptions. */
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  readonly words: readonly string[];
}

/** A script that completes commands and options, made from the commands themselves. */
export function renderCompletion(program: Command, shell: Shell): string {
  const commands = program.commands.map(toCompleted);
  if (shell === 'bash') return renderBash(commands);
  return shell === 'zsh' ? renderZsh(commands) : renderFish(commands);
}

function toCompleted(command: Command): Completed {
  return {
    name: command.name(),
    description: command.description(),
    options: [
      ...command.options.flatMap(({ long, description }) => (long ? [{ flag: long, description }] : [])),
      { flag: '--help', description: 'how to use it' },
    ],
    words: [
      ...command.commands.map((sub) => sub.name()),
      ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    ],
  };
}

function renderBash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options, words }) => {
    const all = [...words, ...options.map((option) => option.flag)].join(' ');
    return `    ${name}) words="${all}" ;;`;
  });
  return `# bash completion of edgeledger: source <(edgeledger completion bash)
_edgeledger() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="${commands.map((one) => one.name).join(' ')} --help --version"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _edgeledger edgeledger
`;
}

function renderZsh(commands: readonly Completed[]): string {
  const quote = (text: string): string =>
    text.replaceAll("'", "'\\''").replaceAll(':', '\\:').replaceAll(/[[\]]/g, '\\$&');
  const names = commands.map((one) => `    '${one.name}:${quote(one.description)}'`);
  const cases = commands.map(({ name, options, words }) => {
    const flags = options.map(({ flag, description }) => `'${flag}[${quote(description)}]'`);
    const rest = words.length > 0 ? `'1:word:(${words.join(' ')})' '*:file:_files'` : `'*:file:_files'`;
    return `    ${name}) _arguments ${flags.join(' ')} ${rest} ;;`;
  });
  return `#compdef edgeledger
# zsh completion of edgeledger: source <(edgeledger completion zsh)
_edgeledger() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _edgeledger edgeledger
`;
}

function renderFish(commands: readonly Completed[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ name, description, options, words }) => {
    const when = quote(`__fish_seen_subcommand_from ${name}`);
    return [
      `complete -c edgeledger -n __fish_use_subcommand -f -a ${name} -d ${quote(description)}`,
      ...options.map(
        (one) => `complete -c edgeledger -n ${when} -l ${one.flag.slice(2)} -d ${quote(one.description)}`,
      ),
      ...(words.length > 0 ? [`complete -c edgeledger -n ${when} -f -a ${quote(words.join(' '))}`] : []),
    ];
  });
  return `# fish completion of edgeledger: edgeledger completion fish | source\n${lines.join('\n')}\n`;
}
