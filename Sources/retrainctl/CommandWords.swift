import Arguments

/// The command line as others write it down: runbooks, scripts.
package enum CommandWords {
  /// What is wrong with a command line, the program's name not among its words; nil: it would be run.
  package static func complaint(about words: [String]) -> String? {
    do {
      _ = try CommandParser(Retrainctl.self).parse(words)
      return nil
    } catch {
      return String(describing: error)
    }
  }
}
