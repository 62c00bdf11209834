import Arguments
import Ingest
import Pipelines

/// How the CSV files of a feed are read.
struct TableOptions: ArgumentGroup {
  /// One character between values.
  struct Separator: ArgumentValue {
    let byte: UInt8

    init?(argument: String) {
      let names: [String: UInt8] = ["tab": 9, "\\t": 9, "comma": 44, "semicolon": 59, "pipe": 124, "space": 32]
      if let byte = names[argument.lowercased()] {
        self.byte = byte
      } else if argument.utf8.count == 1, let byte = argument.utf8.first, byte != UInt8(ascii: "\""),
        byte >= 0x20 || byte == 9,
        byte < 0x7F
      {
        self.byte = byte
      } else {
        return nil
      }
    }

    static var expectation: String { "one character, as ';' or tab" }
  }

  @Option(valueName: "character", help: "CSV: between values, as ';' or tab; by default what the header has most of.")
  var separator: Separator?
  @Option(
    valueName: "word",
    help: "CSV: a word for a missing value; may be repeated, and stands instead of NA, NaN, null and their like.")
  var na: [String]
  @Option(valueName: "column", help: "CSV: a column whose values are text as they stand; may be repeated.")
  var text: [String]
  @Flag(help: "CSV: dots in a column's name are part of it, not steps of a path.") var flat: Bool
  @Flag(help: "CSV: the fraction of a number begins with a comma, as in 1,5.") var decimalComma: Bool

  func mistakes() -> [String] {
    decimalComma && separator?.byte == UInt8(ascii: ",")
      ? ["--decimal-comma and --separator ',' contradict each other"] : []
  }

  /// The first of them that was given; nil: none.
  var firstGiven: String? {
    if separator != nil { return "--separator" }
    if !na.isEmpty { return "--na" }
    if !text.isEmpty { return "--text" }
    return flat ? "--flat" : decimalComma ? "--decimal-comma" : nil
  }

  /// Of the columns that --text names, those that a table does not have, a sentence each.
  static func notes(on columns: [String], texts: [String]) -> [String] {
    texts.filter { !columns.contains($0) }.map { column in
      "no column `\(column)`, which --text names"
        + (nearest(to: column, among: columns).map { "; did you mean `\($0)`?" } ?? "")
    }
  }

  /// - Parameter pipeline: Its categories and classes are text.
  func format(for pipeline: Pipeline?) -> CSVFormat {
    var format = CSVFormat()
    format.separator = separator?.byte
    if !na.isEmpty { format.missing = Set(na.filter { !$0.isEmpty }) }
    format.isFlat = flat
    format.hasDecimalComma = decimalComma
    if let pipeline {
      for feature in pipeline.schema.categoryFeatures {
        format.columns[feature.path] = .category(known: Set(feature.values))
      }
      for feature in pipeline.schema.sparseFeatures {
        format.columns[feature.path] = feature.type == .map ? .object : .text
      }
      for label in [pipeline.schema.label] + pipeline.model.heads.map(\.label)
      where !label.classes.isEmpty || label.findsClasses {
        format.columns[label.path] = .category(known: Set(label.classes))
      }
    }
    for column in text { format.columns[column] = .text }
    return format
  }
}

/// A size as people write it.
struct ByteSize: ArgumentValue {
  let bytes: Int

  init?(argument: String) {
    guard let bytes = BytesText.parse(argument) else { return nil }
    self.bytes = bytes
  }

  static var expectation: String { "a size, as 5MB or 512KiB" }
}
