extension CommandDescription {
  /// One `complete` line a word; a condition says under which command it holds.
  var fishCompletion: String {
    var lines = ["# fish completion of \(name); save it as ~/.config/fish/completions/\(name).fish"]
    lines.append("complete -c \(name) -f")
    for command in everyCommand {
      let condition = command.fishCondition
      for subcommand in command.subcommands {
        lines.append(
          "complete -c \(name) -n \(fishQuoted(condition)) -a \(subcommand.name) -d \(fishQuoted(subcommand.abstract))")
      }
      for argument in command.dashed {
        var line = "complete -c \(name) -n \(fishQuoted(command.fishUnder)) -l \(argument.name)"
        if let short = argument.short { line += " -s \(short)" }
        if argument.kind == .option { line += " -r" + fishValues(argument.completion) }
        lines.append(line + " -d \(fishQuoted(argument.help))")
      }
      if command.subcommands.isEmpty, command.positionalCompletion != .none {
        lines.append(
          "complete -c \(name) -n \(fishQuoted(command.fishUnder))" + fishValues(command.positionalCompletion))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Every name on the path was said.
  private var fishUnder: String {
    path.count == 1 ? "true" : path.dropFirst().map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
  }

  /// On this command's path, and none of its subcommands yet.
  private var fishCondition: String {
    let none = subcommands.map(\.name).joined(separator: " ")
    return fishUnder + (none.isEmpty ? "" : "; and not __fish_seen_subcommand_from \(none)")
  }

  private func fishValues(_ completion: ArgumentDescription.Completion) -> String {
    switch completion {
    case .none: return " -f"
    case .file: return " -F"
    case .values(let values): return " -f -a \(fishQuoted(values.joined(separator: " ")))"
    }
  }

  private func fishQuoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
  }
}
