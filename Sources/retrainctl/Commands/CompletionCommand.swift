import Arguments

struct CompletionCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "completion", abstract: "Print a completion script for a shell, or the man page.",
      discussion: """
        For bash: source <(retrainctl completion bash). For zsh: save it as _retrainctl in a folder of $fpath. For \
        fish: save it as ~/.config/fish/completions/retrainctl.fish. For man: retrainctl completion man | man -l -
        """)
  }

  enum Target: String, CaseIterable, ArgumentValue { case bash, zsh, fish, man }

  @Argument(help: "What to print.") var target: Target

  func run() async throws {
    let root = CommandDescription(Retrainctl.self)
    switch target {
    case .bash: Console.say(CompletionShell.bash.script(for: root))
    case .zsh: Console.say(CompletionShell.zsh.script(for: root))
    case .fish: Console.say(CompletionShell.fish.script(for: root))
    case .man: Console.say(root.manPage(exitCodes: ExitCode.allCases.map { ($0.rawValue, $0.meaning) }))
    }
  }
}
