package import Evaluation
package import Pipelines

/// A class that is declared and never comes: a typing error, most often, or a stream that is not the one that was meant.
package enum ClassOccurrence {
  /// Of fewer labelled records nothing is said: a rare class comes late.
  private static let recordsMin: Int64 = 1000

  /// A model that has found as many classes as it may, while others come.
  ///
  /// - Parameter refused: Records with a label that was none.
  package static func warning(ofFull label: LabelSettings, refused: Int64) -> String? {
    guard label.findsClasses, label.classes.count >= label.classesMax, refused > 0 else { return nil }
    return "all \(label.classesMax) classes that schema.label.classes_max allows have been found, and "
      + "\(Wording.count(refused)) records were rejected for their label: 'dead-letters' shows which class each has; "
      + "raise classes_max, or mend what writes them"
  }

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
