/// A line of a role's log, as the supervisor shows it.
struct LogLine {
  /// The sentence and its facts; what everybody who watches knows anyway is left out.
  let text: String

  /// Nil for a line that nobody who watches a run needs to see: below *notice*, or not of our making.
  ///
  /// `2026-05-01T10:00:00.250Z notice worker "a checkpoint was saved" model.checkpoint=12`
  init?(_ line: String) {
    let words = line.split(separator: " ", maxSplits: 3)
    guard words.count == 4, ["notice", "warning", "error"].contains(words[1]), words[3].first == "\"",
      let end = words[3].dropFirst().firstIndex(of: "\"")
    else { return nil }
    let sentence = words[3][words[3].index(after: words[3].startIndex)..<end]
    // The journal tells of versions, with reasons.
    if sentence == "version moved" || sentence == "new candidate" { return nil }
    let known = ["pipeline.name=", "process.id=", "process.role="]
    let facts = words[3][end...].dropFirst().split(separator: " ").filter { fact in
      !known.contains { fact.hasPrefix($0) }
    }
    let level = words[1] == "notice" ? "" : "\(words[1]): "
    text = level + sentence + (facts.isEmpty ? "" : " (\(facts.joined(separator: " ")))")
  }
}
