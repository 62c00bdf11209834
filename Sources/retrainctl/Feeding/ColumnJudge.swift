import Pipelines

/// Compares the columns of a table with what a pipeline declares: a name that is nearly right is a feature that is never
/// there.
struct ColumnJudge: Sendable {
  /// What is declared, as a sentence names it, with its path.
  private let declared: [(what: String, path: String)]

  init(schema: FeatureSchema?, heads: [String]) {
    guard let schema else {
      declared = []
      return
    }
    declared =
      [("the label", schema.label.path)] + heads.map { ("the label of a head", $0) }
      + (schema.eventTime.map { [("the event time", $0)] } ?? [])
      + (schema.weight.map { [("the weight", $0)] } ?? [])
      + schema.features.map { ("the feature `\($0.name)`", $0.path) }
  }

  func notes(on columns: [String]) -> [String] {
    let known = Set(columns)
    let absent = declared.filter { !known.contains($0.path) }
    let told = absent.prefix(8).map { what, path in
      let near = nearest(to: path, among: columns.filter { column in !declared.contains { $0.path == column } })
      return "no column `\(path)`, which is \(what) of the pipeline"
        + (near.map { "; did you mean the column `\($0)`?" } ?? "")
    }
    return told
      + (absent.count > told.count
        ? ["\(absent.count - told.count) more that the pipeline declares are no columns"] : [])
  }
}
