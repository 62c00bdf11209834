/// The shells that can complete our words.
public enum CompletionShell: String, CaseIterable, ArgumentValue, Sendable {
  case bash, zsh, fish

  /// The script that teaches the shell every word of `root`.
  public func script(for root: CommandDescription) -> String {
    switch self {
    case .bash: return root.bashCompletion
    case .zsh: return root.zshCompletion
    case .fish: return root.fishCompletion
    }
  }
}

extension CommandDescription {
  /// Words that may follow this command, for shells that complete by a plain list.
  var wordList: [String] { subcommands.map(\.name) + dashed.flatMap(\.dashed) }

  /// What completes this command's positional arguments.
  var positionalCompletion: ArgumentDescription.Completion { positionals.first?.completion ?? .none }
}
