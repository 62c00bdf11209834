extension CommandDescription {
  /// One function: walks the words to find the command, then offers its subcommands, options or values.
  var bashCompletion: String {
    let function = "_" + name.replacingDashes
    let cases = everyCommand.map { command in
      let values = command.dashed.compactMap(bashValueCase).joined()
      let valueCase = values.isEmpty ? "" : "      case \"$previous\" in\n\(values)      esac\n"
      return """
            '\(command.path.dropFirst().joined(separator: " "))')
        \(valueCase)      words="\(command.wordList.joined(separator: " "))"
              \(bashPositional(command.positionalCompletion))
              ;;

        """
    }.joined()
    let groups = everyCommand.filter { !$0.subcommands.isEmpty }.flatMap { group in
      group.subcommands.map { "'" + $0.path.dropFirst().joined(separator: " ") + "'" }
    }
    return """
      # bash completion of \(name); load it with: source <(\(name) completion bash)
      \(function)() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" words="" files=0 word
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
          case "${command:+$command }$word" in
            \(groups.joined(separator: "|"))) command="${command:+$command }$word" ;;
          esac
        done
        case "$command" in
      \(cases)  esac
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        if ((files)) && [[ $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
      }
      complete -o filenames -F \(function) \(name)

      """
  }

  private func bashPositional(_ completion: ArgumentDescription.Completion) -> String {
    switch completion {
    case .none: return "files=0"
    case .file: return "files=1"
    case .values(let values): return "words+=\" \(values.joined(separator: " "))\""
    }
  }

  private func bashValueCase(_ argument: ArgumentDescription) -> String? {
    guard argument.kind == .option else { return nil }
    let reply: String
    switch argument.completion {
    case .none: reply = "COMPREPLY=()"
    case .file: reply = "COMPREPLY=($(compgen -f -- \"$current\"))"
    case .values(let values): reply = "COMPREPLY=($(compgen -W \"\(values.joined(separator: " "))\" -- \"$current\"))"
    }
    return "        \(argument.dashed.joined(separator: "|"))) \(reply); return ;;\n"
  }
}

extension String {
  var replacingDashes: String { String(map { $0 == "-" || $0 == " " ? "_" : $0 }) }
}
