import Arguments
import Pipelines

/// One setting written otherwise in the text of a pipeline file, which stays as it is around it: `model.hidden=[128,64]`.
struct TextSetting: ArgumentValue, Hashable {
  /// Keys with points between; of a list an element in brackets, by its place or its `name`.
  let path: String
  /// As YAML writes it in a line.
  let value: String

  init?(argument: String) {
    // The place of a value in brackets may hold anything.
    guard let sign = argument.firstIndex(of: "="), !argument.contains(where: \.isNewline) else { return nil }
    (path, value) = (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
    guard !path.isEmpty, !value.allSatisfy(\.isWhitespace), !path.contains(where: \.isWhitespace) else { return nil }
  }

  static var expectation: String {
    "a key path and its value, as model.hidden=[128,64] or schema.features[distance].clip=[0,5000]"
  }

  /// The settings are about one and the same, or one is within the other.
  func overlaps(_ other: TextSetting) -> Bool { overlaps(other.path) }

  func overlaps(_ other: String) -> Bool {
    [(path, other), (other, path)].contains { outer, inner in
      inner == outer || inner.hasPrefix(outer + ".") || inner.hasPrefix(outer + "[")
    }
  }
}

/// What a run beside the live one learns by otherwise than the file says.
struct ChangedSettings {
  let settings: [TextSetting]

  /// What cannot be: said twice, or nothing of a run's.
  var mistakes: [String] {
    var mistakes: [String] = []
    for (place, setting) in settings.enumerated() {
      if let before = settings[..<place].first(where: { $0.overlaps(setting) }) {
        mistakes.append(
          before.path == setting.path
            ? "--set \(setting.path) is given twice"
            : "--set \(before.path) and --set \(setting.path) say the same thing")
      }
      if let reason = Self.others.first(where: { setting.overlaps($0.path) })?.reason {
        mistakes.append("--set \(setting.path): \(reason). What may differ is of \(Self.own)")
      }
    }
    return mistakes
  }

  static let own = "schema, model, training, health, group, and how often checkpoints are written"

  /// Settings that would do nothing in a run beside, or be another pipeline's.
  private static let others: [(path: String, reason: String)] = [
    ("name", "a run beside is of this pipeline; --name says what the run is called"),
    ("source", "a run beside reads the stream that the live run reads; another one is another pipeline's"),
    ("rollout", "versions are judged by what the pipeline's file says, whoever learned them: edit the file"),
    ("serving", "servers answer as the pipeline's file says: edit the file"),
    ("retrain", "when the stream is learned once more is the pipeline's: edit the file"),
    ("alerts", "who is told is the pipeline's: edit the file"),
    ("checkpoint.keep", "what is kept is the pipeline's, for all its runs: edit the file"),
    ("checkpoint.keep_hourly", "what is kept is the pipeline's, for all its runs: edit the file"),
    ("checkpoint.keep_daily", "what is kept is the pipeline's, for all its runs: edit the file"),
    ("checkpoint.ledger_days", "what is kept is the pipeline's, for all its runs: edit the file"),
  ]

  var words: String { settings.map { "\($0.path): \($0.value)" }.joined(separator: ", ") }

  /// The pipeline as the run is to learn it.
  ///
  /// - Parameter room: What its workers may take.
  /// - Throws: `CommandFailure`, `usage` for what the settings make of it.
  func file(of text: String, name: String, room: MemoryRoom?) throws -> PipelineFile {
    guard !settings.isEmpty else { return try PipelineFile(text: text, name: name, room: room) }
    let before = try PipelineFile(text: text, name: name).pipeline
    var text = text
    for setting in settings {
      do { text = try SettingText.setting(setting.path, to: setting.value, in: text) } catch {
        throw CommandFailure(.usage, "--set \(setting.path): \(error.description)")
      }
    }
    let made: PipelineFile
    do { made = try PipelineFile(text: text, name: "\(name) with --set", room: room) } catch let error
      as PipelineMistakes
    {
      // Lines of a text that nobody has seen say nothing.
      let sentences = error.mistakes.map { "\($0.problem) — \($0.remedy)" }
      throw CommandFailure(.usage, "with --set \(words): " + sentences.joined(separator: "\n"))
    }
    if let edit = DataContract(before).edits(to: DataContract(made.pipeline)).first(where: \.isOfAnswer) {
      throw CommandFailure(
        .usage,
        "with --set \(words): \(edit.setting) would be \(edit.new ?? "gone") instead of \(edit.old ?? "not there"), and what is "
          + "lost by it cannot be held against the versions that serve: it is a pipeline of its own")
    }
    return made
  }

  /// - Throws: Where weights that were learned before cannot go on with them.
  func check(goingOnFrom version: Int64, _ record: String, _ changed: Pipeline) throws {
    guard !settings.isEmpty else { return }
    let before = try PipelineFile(text: record, name: "the registry").pipeline
    let edit = DataContract(before).edits(to: DataContract(changed)).first { $0.effect == .changes }
    guard let edit else { return }
    throw CommandFailure(
      .usage,
      "version \(version) cannot go on with \(edit.setting): \(edit.new ?? "nothing") instead of \(edit.old ?? "nothing"): "
        + "\(edit.meaning); --from earliest, a time or offsets begins a model anew with it")
  }
}

extension SettingEdit {
  /// It changes what the model is asked, or what a wrong answer costs.
  fileprivate var isOfAnswer: Bool {
    effect == .changes
      && (setting == "schema.label" || setting.hasPrefix("schema.label.") || setting == "model.task"
        || setting.hasPrefix("model.loss"))
  }
}
