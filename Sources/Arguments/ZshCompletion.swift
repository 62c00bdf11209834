extension CommandDescription {
  /// One function a command; `_arguments` does the rest.
  var zshCompletion: String {
    "#compdef \(name)\n# zsh completion of \(name); save it as _\(name) in a folder of $fpath\n\n"
      + everyCommand.map(\.zshFunction).joined(separator: "\n") + "\n\(zshName) \"$@\"\n"
  }

  private var zshName: String { "_" + path.joined(separator: "_").replacingDashes }

  private var zshFunction: String {
    var specifications = dashed.map(zshSpecification)
    if subcommands.isEmpty {
      specifications += positionals.enumerated().map { index, argument in
        let place = argument.isRepeating ? "*" : String(index + 1)
        return "'\(place):\(argument.name):\(zshAction(argument.completion))'"
      }
      return "\(zshName)() {\n  _arguments \\\n    \(specifications.joined(separator: " \\\n    "))\n}\n"
    }
    specifications += ["'1:subcommand:->subcommand'", "'*::argument:->argument'"]
    let described = subcommands.map { "'\($0.name):\(zshQuoted($0.abstract))'" }
    let dispatch = subcommands.map { "      \($0.name)) \($0.zshName) ;;" }
    return """
      \(zshName)() {
        local state line
        _arguments -C \\
          \(specifications.joined(separator: " \\\n    "))
        case $state in
          subcommand) local -a words=(\(described.joined(separator: " "))); _describe subcommand words ;;
          argument) case $line[1] in
      \(dispatch.joined(separator: "\n"))
          esac ;;
        esac
      }

      """
  }

  private func zshSpecification(_ argument: ArgumentDescription) -> String {
    let help = zshQuoted(argument.help)
    let value = argument.kind == .option ? ":\(argument.valueName):\(zshAction(argument.completion))" : ""
    if let short = argument.short {
      return "'(-\(short) --\(argument.name))'{-\(short),--\(argument.name)}'[\(help)]\(value)'"
    }
    return "'\(argument.isRepeating ? "*" : "")--\(argument.name)[\(help)]\(value)'"
  }

  private func zshAction(_ completion: ArgumentDescription.Completion) -> String {
    switch completion {
    case .none: return " "
    case .file(let endings):
      return endings.isEmpty ? "_files" : "_files -g \"*.(\(endings.joined(separator: "|")))\""
    case .values(let values): return "(\(values.joined(separator: " ")))"
    }
  }

  private func zshQuoted(_ text: String) -> String {
    text.map { character in
      switch character {
      case "'": return "'\\''"
      case "[", "]", ":", "\\": return "\\\(character)"
      default: return String(character)
      }
    }.joined()
  }
}
