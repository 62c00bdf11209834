package import Pipelines

/// Compares the columns of a table with what a pipeline declares: a name that is nearly right is a feature that is never
/// there.
package struct ColumnJudge: Sendable {
  /// What is declared, as a sentence names it, with its path.
  private let declared: [(what: String, path: String)]
  /// Of maps, whose keys may be columns of their own.
  private let maps: Set<String>

  /// - Parameter isFlat: Dots in the names of columns lead nowhere.
  package init(schema: FeatureSchema?, heads: [String], isFlat: Bool = false) {
    maps = isFlat ? [] : Set(schema?.features.filter { $0.type == .map }.map(\.path) ?? [])
    guard let schema else {
      declared = []
      return
    }
    declared =
      [("the label", schema.label.path)] + heads.map { ("the label of a head", $0) }
      + (schema.eventTime.map { [("the event time", $0)] } ?? [])
      + (schema.weight.map { [("the weight", $0)] } ?? [])
      + schema.features.filter(\.isRead).map { ("the feature `\($0.name)`", $0.path) }
  }

  package func notes(on columns: [String]) -> [String] {
    let keys = columns.map { column in FieldPath(column)?.parents.first { maps.contains($0.description) }?.description }
    let known = Set(columns).union(keys.compactMap(\.self))
    let strangers = zip(columns, keys).filter { column, map in map == nil && !declared.contains { $0.path == column } }
    let absent = declared.filter { !known.contains($0.path) }
    let told = absent.prefix(8).map { what, path in
      let near = nearest(to: path, among: strangers.map(\.0))
      return "no column `\(path)`, which is \(what) of the pipeline"
        + (near.map { "; did you mean the column `\($0)`?" } ?? "")
    }
    return told
      + (absent.count > told.count
        ? ["\(absent.count - told.count) more that the pipeline declares are no columns"] : [])
  }
}
