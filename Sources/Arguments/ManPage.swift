extension CommandDescription {
  /// One page for the root and everything below it, in the `man` macros.
  ///
  /// - Parameter exitCodes: What each exit code says.
  public func manPage(section: Int = 1, exitCodes: [(code: Int32, meaning: String)] = []) -> String {
    var page = [".TH \(name.uppercased()) \(section)", ".SH NAME", "\(name) \\- \(roff(abstract))"]
    page += [".SH SYNOPSIS", ".B \(name)", roff(usage.dropFirst(name.count + 1).description)]
    if !discussion.isEmpty { page += [".SH DESCRIPTION"] + paragraphs(discussion) }
    page += entries(of: self, heading: ".SH OPTIONS")
    let below = everyCommand.dropFirst().filter(\.runs)
    if !below.isEmpty { page.append(".SH COMMANDS") }
    for command in below {
      page += [".SS \(roff(command.usage))", roff(command.abstract)]
      if !command.discussion.isEmpty { page += [".PP"] + paragraphs(command.discussion) }
      page += entries(of: command, heading: nil)
    }
    if !exitCodes.isEmpty {
      page.append(".SH EXIT STATUS")
      for entry in exitCodes { page += [".TP", ".B \(entry.code)", roff(entry.meaning)] }
    }
    return page.joined(separator: "\n") + "\n"
  }

  private func entries(of command: CommandDescription, heading: String?) -> [String] {
    let arguments = command.positionals + command.dashed.filter { heading != nil || $0 != .helpFlag }
    if arguments.isEmpty { return [] }
    return (heading.map { [$0] } ?? [])
      + arguments.flatMap { [".TP", ".B \(roff($0.label))", roff($0.fullHelp)] }
  }

  private func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      if line.isEmpty { return [".PP"] }
      return line.hasPrefix("  ")
        ? [".RS", ".nf", roff(line.dropFirst(2).description), ".fi", ".RE"] : [roff(line.description)]
    }
  }

  private func roff(_ text: String) -> String {
    var escaped = text.map { $0 == "\\" ? "\\e" : $0 == "-" ? "\\-" : String($0) }.joined()
    if escaped.hasPrefix(".") || escaped.hasPrefix("'") { escaped = "\\&" + escaped }
    return escaped
  }
}
