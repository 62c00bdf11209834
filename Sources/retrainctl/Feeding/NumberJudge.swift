package import Pipelines

/// Looks at the first records of a table for texts where the pipeline reads numbers: all such records would be rejected.
package struct NumberJudge {
  private struct Place {
    let column: String
    let finder: KeyFinder
    let coerces: Bool
    var values = 0
    var texts = 0
    /// Texts that are numbers with a decimal comma.
    var commas = 0
    var example = ""
  }

  private var places: [Place] = []
  private var records = 0
  private var isDone = false

  /// So many records are enough to tell.
  private static let recordsMax = 100

  /// - Parameter schema: Nil: nobody knows what is a number.
  package init(_ schema: FeatureSchema?) {
    for feature in schema?.features ?? [] where feature.type == .float {
      guard let finder = KeyFinder(path: feature.path) else { continue }
      places.append(Place(column: feature.path, finder: finder, coerces: feature.coerce ?? schema?.coerce ?? false))
    }
    isDone = places.isEmpty
  }

  /// - Returns: What there is to tell, once enough was seen.
  package mutating func look(_ record: UnsafeRawBufferPointer) -> [String] {
    guard !isDone else { return [] }
    records += 1
    for index in places.indices {
      guard let (value, isText) = places[index].finder.value(in: record) else { continue }
      places[index].values += 1
      let text = String(decoding: value, as: UTF8.self)
      guard isText, !(places[index].coerces && Double(text) != nil) else { continue }
      places[index].texts += 1
      if Self.hasDecimalComma(text) { places[index].commas += 1 }
      if places[index].texts == 1 { places[index].example = String(text.prefix(40)) }
    }
    return records == Self.recordsMax ? finish() : []
  }

  /// The same at the end of a file, however short.
  package mutating func finish() -> [String] {
    guard !isDone else { return [] }
    isDone = true
    return places.filter { $0.texts * 2 > $0.values }.map { place in
      let what =
        "the column `\(place.column)` is a number for the pipeline, and holds text in \(place.texts) of the first "
        + "\(records) records, as “\(place.example)”"
      if place.commas == place.texts { return what + ": --decimal-comma reads it as a number" }
      let isNumber = Double(place.example) != nil
      return what + ": such records are rejected" + (isNumber ? ", unless the pipeline says coerce: true" : "")
    }
  }

  /// `1,5`, `-12,0`
  private static func hasDecimalComma(_ text: String) -> Bool {
    let parts = text.drop { $0 == "-" || $0 == "+" }.split(separator: ",", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }
  }
}
