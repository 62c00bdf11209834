import Foundation
public import Pipelines

/// A pipeline file as far as records say what should stand in it: what their fields hold, which of them tells the time, and what kind
/// of label it is. A person looks through it, so everything that was guessed or left out is told on its line.
public struct PipelineDraft {
  /// Why nothing can be drafted, and what to do.
  public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
  }

  /// YAML that the parser takes.
  public private(set) var text = ""

  private let survey: RecordSurvey
  private let label: SurveyedField
  private let guesses: [(field: SurveyedField, guess: FieldGuess)]
  private let eventTime: SurveyedField?
  private let id: SurveyedField?
  private let kind: LabelKind

  private enum LabelKind {
    case binary
    case classes([String])
    case foundClasses
    case number
  }

  /// The field that is the label where nobody says: the only one that is called so.
  ///
  /// - Throws: `Refusal` with the fields there are.
  public static func label(of survey: RecordSurvey, named path: String?) throws -> FieldPath {
    let fields = survey.fields
    func list(_ fields: [SurveyedField]) -> String {
      let names = fields.prefix(30).map(\.path.description)
      return names.joined(separator: ", ") + (fields.count > 30 ? " and \(fields.count - 30) more" : "")
    }
    guard !fields.isEmpty else { throw Refusal("its records have no fields") }
    if let path {
      if let field = fields.first(where: { $0.path.description == path }) { return field.path }
      let near = nearest(to: path, among: fields.map(\.path.description)).map { "; did you mean `\($0)`?" }
      throw Refusal("no record has a field `\(path)`, which --label names\(near ?? ": there are \(list(fields))")")
    }
    let named = fields.filter { ["label", "target", "y", "class", "outcome"].contains($0.key.lowercased()) }
    guard named.count == 1 else {
      throw Refusal(
        named.isEmpty
          ? "what is to be learned? Say with --label which of its fields: \(list(fields))"
          : "\(list(named)) could each be the label: say which with --label")
    }
    return named[0].path
  }

  /// A pipeline's name after a file's.
  public static func name(from file: String) -> String {
    let stem = file.prefix { $0 != "." }.lowercased()
    let words = stem.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let name = words.joined(separator: "-").prefix(63).drop { $0 == "-" }
    return name.isEmpty ? "stream" : String(name.last == "-" ? name.dropLast() : name)
  }

  /// - Parameters:
  ///   - file: What the records came from, for the commands in the file's head.
  ///   - name: The pipeline's, which also names the YAML file there.
  ///   - label: One of the survey's fields.
  /// - Throws: `Refusal` where such a label cannot be learned.
  public init(of survey: RecordSurvey, file: String, name: String, topic: String, label path: FieldPath) throws {
    guard let label = survey.fields.first(where: { $0.path == path }) else {
      throw Refusal("no record has a field `\(path)`")
    }
    (self.survey, self.label) = (survey, label)
    kind = try Self.kind(of: label)
    let others = survey.fields.filter { $0.path != path }
    id = others.first { field in
      let isWhole = field.values == survey.records && field.lists == 0 && field.truths == 0
      return isWhole && Int64(field.different) == min(survey.records, Int64(SurveyedField.differentMax))
        && ["id", "uuid", "guid", "key"].contains(field.key.lowercased().split(separator: "_").last ?? "")
    }
    let records = survey.records
    let times = others.filter { $0.isTime && $0.values == records }
    let preferred = ["event_time", "timestamp", "ts", "time", "t"]
    eventTime = preferred.compactMap { name in times.first { $0.key.lowercased() == name } }.first ?? times.first
    let skipped = [id?.path, eventTime?.path]
    guesses = others.filter { !skipped.contains($0.path) }.map { field in
      (field, Self.suspicion(field, beside: label).map { .leftOut($0) } ?? FieldGuess(field, records: records))
    }
    guard guesses.contains(where: { if case .leftOut = $0.guess { false } else { $0.guess != .time } }) else {
      throw Refusal("beside the label `\(path)` its records hold nothing to learn from")
    }
    text = written(file: file, pipeline: name, topic: topic)
  }

  /// Why a field may tell the label; nil: nothing says so.
  private static func suspicion(_ field: SurveyedField, beside label: SurveyedField) -> String? {
    if field.sameAsLabel == label.values, field.values == label.values {
      return "says the same as the label in every record"
    }
    let parent = label.path.keys.dropLast()
    guard !parent.isEmpty, field.path.keys.starts(with: parent) else { return nil }
    return "beside the label in `\(parent.joined(separator: "."))`: is it known before the label is?"
  }

  private static func kind(of label: SurveyedField) throws -> LabelKind {
    let values = label.values
    func refuse(_ what: String) -> Refusal { Refusal("`\(label.path)` cannot be the label: \(what)") }
    guard values > 0 else { throw refuse("it is null in every record") }
    guard label.different > 1 else {
      throw refuse(
        "it is \(label.names.first ?? "the same") in every record that was looked at; look at more with --limit")
    }
    guard label.lists + label.otherLists == 0 else { throw refuse("it is a list") }
    if label.truths == values || label.names.isSubset(of: ["0", "1"]) { return .binary }
    if label.numbers + label.spelled == values { return .number }
    guard label.texts == values else { throw refuse("it is a number in some records, and something else in others") }
    if label.different == 2 { return .classes(label.names.sorted()) }
    guard label.different < SurveyedField.namesMax else {
      throw refuse(
        "it has \(label.different) different texts and more; \(SurveyedField.namesMax - 1) classes are learned")
    }
    return .foundClasses
  }
}

// MARK: - The text

extension PipelineDraft {
  private func written(file: String, pipeline: String, topic: String) -> String {
    let count = survey.records.formatted(.number.locale(Locale(identifier: "en_US")))
    var lines = [
      "# Drafted from \(count) records of \(file). Look through it; then",
      "#",
      "#   retrainctl validate \(pipeline).yaml",
      "#   retrainctl feed \(file) --pipeline \(pipeline).yaml",
      "#   retrainctl start \(pipeline).yaml",
      "#",
      "# A field that is known only when the label is, or later, does not belong among the features:",
      "# here the model would be good by it, and in production it would be missing.",
      "",
      "name: \(pipeline)", "",
      "source:", "  topic: \(Self.scalar(topic))", "",
      "schema:",
    ]
    if let id { lines.append("  id: \(Self.scalar(id.path.description))") }
    if let eventTime { lines.append("  event_time: \(Self.scalar(eventTime.path.description))") }
    lines.append("  label: " + labelText)
    if coercesLabel { lines.append("  coerce: true                # the label comes as a text") }
    lines.append("  features:")
    lines += guesses.map(line)
    if let eventTime {
      let text =
        "{ name: \(Self.scalar(name(of: eventTime))), \(pathText(eventTime))type: timestamp, parts: [hour, weekday] }"
      lines.append("    # - \(text)  # where hour and day matter")
    }
    if case .number = kind {
      lines += ["", "model: { preset: best, task: regression }"]
      if label.wholes == label.values, label.different < SurveyedField.namesMax {
        lines.append(
          "# For \(label.different) classes instead of a number: `label: { path: …, classes: auto }`, and no `model`.")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var coercesLabel: Bool { label.texts > 0 && label.spelled == label.texts }

  private var labelText: String {
    let path = "path: \(Self.scalar(label.path.description))"
    return switch kind {
    case .binary: "{ \(path) }"
    case .classes(let names):
      "{ \(path), classes: [\(names.map(Self.scalar).joined(separator: ", "))] }  # [what counts 0, what counts 1]"
    case .foundClasses: "{ \(path), classes: auto }"
    case .number: "{ \(path) }"
    }
  }

  private func line(_ field: SurveyedField, _ guess: FieldGuess) -> String {
    let head = "name: \(Self.scalar(name(of: field))), \(pathText(field))"
    switch guess {
    case .feature(let type, let coerced):
      // What the whole schema says is not said again.
      let coerces = coerced && !coercesLabel ? ", coerce: true" : ""
      return "    - { \(head)type: \(type.rawValue)\(coerces) }" + (remark(field).map { "  # \($0)" } ?? "")
    case .list:
      return "    - { \(head)type: category, values_max: \(min(1024, max(2, field.longest * 2))) }  # "
        + "up to \(field.longest) values"
    case .time: return "    # - { \(head)type: timestamp }  # a time; `label_time` if the label is known from then on"
    case .leftOut(let reason): return "    # - \(Self.scalar(field.path.description))  # \(reason)"
    }
  }

  private func remark(_ field: SurveyedField) -> String? {
    let absent = survey.records - field.values
    var parts: [String] = []
    if absent == 0, field.different == 1, survey.records > 1 { parts.append("the same in every record looked at") }
    if field.looksLikeCode, field.numbers > 0 {
      parts.append("whole numbers taken for names; `float` if they measure something")
    }
    if absent > 0 {
      let share = max(0.1, (Double(absent) / Double(survey.records) * 1000).rounded() / 10)
      parts.append("absent in \(share) %")
    }
    let odd = field.values - field.numbers - field.spelled - field.truths
    if field.wholes < field.numbers, odd > 0 {
      parts.append("\(odd) values are no numbers, and their records are rejected")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// The last key where no other field is called so, else the path.
  private func name(of field: SurveyedField) -> String {
    let alike = survey.fields.count { $0.key == field.key }
    return alike == 1 ? field.key : field.path.description
  }

  private func pathText(_ field: SurveyedField) -> String {
    let path = field.path.description
    return path == name(of: field) ? "" : "path: \(Self.scalar(path)), "
  }

  /// Plain where nobody could read something else in it, else in quotes.
  private static func scalar(_ text: String) -> String {
    let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    let isPlain =
      text.first.map { $0.isASCII && $0.isLetter } ?? false
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789_.-".unicodeScalars.contains($0))
      }
    if isPlain, !words.contains(text.lowercased()) { return text }
    let escaped = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: "\\x" + String(format: "%02x", scalar.value)
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
