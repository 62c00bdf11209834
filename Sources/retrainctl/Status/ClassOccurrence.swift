package import Evaluation

/// A class that is declared and never comes: a typing error, most often, or a stream that is not the one that was meant.
package enum ClassOccurrence {
  /// Of fewer labelled records nothing is said: a rare class comes late.
  private static let recordsMin: Int64 = 1000

  /// - Parameter classes: The label's, in the order of the outputs.
  package static func warnings(_ metrics: StreamMetrics, classes: [String]) -> [String] {
    guard let counts = metrics.classCounts, counts.count == classes.count, metrics.records >= recordsMin else {
      return []
    }
    return zip(classes, counts).filter { $0.1 == 0 }.map { name, _ in
      "the class '\(name)' is declared and has not come in \(Wording.count(metrics.records)) labelled records: is it "
        + "spelled as in the records?"
    }
  }
}
