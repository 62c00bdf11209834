package import Pipelines

/// What a field is taken for in a draft.
package enum FieldGuess: Hashable {
  case feature(FeatureSettings.FeatureType, coerced: Bool)
  /// A category that comes as a list.
  case list
  case time
  /// Told, and left out, for that reason.
  case leftOut(String)

  /// - Parameter records: How many were looked at.
  package init(_ field: SurveyedField, records: Int64) {
    let values = field.values
    if values == 0 {
      self = .leftOut("never there")
    } else if field.otherLists > 0 {
      self = .leftOut("lists of objects or fractions: no feature reads them")
    } else if field.lists > 0 {
      self = field.lists == values ? .list : .leftOut("a list in some records, a value in others")
    } else if field.isTime {
      self = .time
    } else if field.sentences * 2 > field.texts && field.texts == values {
      self = .leftOut("text, of which `model: auto` reads nothing; a network does, with `type: text`")
    } else {
      self = Self.value(field, records: records)
    }
  }

  private static func value(_ field: SurveyedField, records: Int64) -> FieldGuess {
    let values = field.values
    if field.truths == values { return .feature(.bool, coerced: false) }
    if field.looksLikeCode { return .feature(.category, coerced: false) }
    if field.numbers == values { return .feature(.float, coerced: false) }
    if field.numbers + field.spelled + field.truths == values { return .feature(.float, coerced: true) }
    if field.texts == values, field.different == min(Int(values), SurveyedField.differentMax), values > 100 {
      return .leftOut("another in every record: nothing comes back that could be learned of it")
    }
    // Fractions are no categories; a few texts among numbers are most often words for what is absent.
    let hasFractions = field.wholes < field.numbers
    return .feature(hasFractions ? .float : .category, coerced: hasFractions)
  }
}

extension SurveyedField {
  /// Its last key, which says most.
  var key: String { path.keys.last ?? "" }

  private var words: [Substring] {
    key.lowercased().split { !$0.isLetter && !$0.isNumber }
  }

  /// Whole numbers that are names: what is between them says nothing.
  var looksLikeCode: Bool {
    let names: Set<Substring> = ["id", "code", "zip", "plz", "postcode", "zipcode", "sku", "no", "nr"]
    return numbers == wholes && numbers + spelled == values && words.contains(where: names.contains)
  }

  /// Days in texts; or numbers that count from 1970 in one unit and are of 2001 to 2033, under a name that says so.
  var isTime: Bool {
    if days > 0 { return days == values }
    guard numbers == values, isNamedTime else { return false }
    return [1e9, 1e12, 1e15, 1e18].contains { lowest >= $0 && highest <= 2 * $0 }
  }

  private var isNamedTime: Bool {
    let names: Set<Substring> = ["t", "ts", "time", "timestamp", "date", "datetime", "at", "on", "epoch", "when"]
    return words.contains(where: names.contains) || key.hasSuffix("Time") || key.hasSuffix("At")
  }
}
