import Arguments
import Ingest
import Learning
import Pipelines
import Registry

/// What the newest memory of a pipeline says.
struct MemoryCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "memory", abstract: "Show what a pipeline's model remembers of the labels that came with a value.",
      discussion: """
        Of a pipeline with `model: auto`, as the newest checkpoint has it. Without --key what it knows of all records, and of which \
        fields it remembers labels by value; a number with many values is remembered by the nearest of its knots.
        """)
  }

  @Option(valueName: "field=value", help: "A field's value, as carrier=UA; may be repeated.") var key: [String]
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    key.filter { !$0.contains("=") }.map { "--key \($0) is no field=value, such as carrier=UA" }
  }

  private struct Report: Encodable {
    struct Key: Encodable {
      var field: String
      var value: String
      /// nil: nothing is known of it.
      var labels: RecipeRecall.Labels?
    }
    var pipeline: String
    var checkpoint: Int64
    var labels: Int64
    var mean: [Double]
    /// What the means are of; empty: of the label itself.
    var classes: [String]
    var fields: [String]
    var keysKnown: Int
    var keysReplaced: Int64
    var keys: [Key]
  }

  func run() async throws {
    try await withRegistry(for: "memory") { registry in
      let record = try await choice.record(in: registry)
      let today = try PipelineFile(text: record.specification, name: record.name).pipeline
      guard let checkpoint = try await registry.newestCheckpoint(pipeline: record.id) else {
        throw CommandFailure(.unavailable, "'\(record.name)' has no checkpoint yet: nothing was learned")
      }
      let contract = try await registry.contract(ofCheckpoint: checkpoint.id)
      let pipeline = try contract.map { today.under(try DataContract(text: $0.text)) } ?? today.following(nil)
      guard pipeline.model.preset != nil else {
        throw CommandFailure(
          .usage, "'\(record.name)' remembers nothing by key: its file describes a network, and `model: auto` would")
      }
      guard let state = try await registry.memory(of: checkpoint.id) else {
        throw CommandFailure(.ourFault, "checkpoint \(checkpoint.id) of '\(record.name)' has no memory")
      }
      let recall = try RecipeRecall(spec: LearnerSpec(pipeline), memory: state)
      let keys = try key.map { try self.key($0, pipeline.schema, recall) }
      let report = Report(
        pipeline: record.name, checkpoint: checkpoint.id, labels: recall.labels, mean: recall.mean,
        classes: pipeline.model.task == .multiclass ? pipeline.schema.label.classes : [], fields: recall.fields,
        keysKnown: recall.keys, keysReplaced: recall.replaced, keys: keys)
      if format.json { return try Console.say(json: report) }
      show(report)
    }
  }

  private func key(_ text: String, _ schema: FeatureSchema, _ recall: RecipeRecall) throws -> Report.Key {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (field, value) = (parts[0], parts[1])
    guard recall.fields.contains(field) else {
      throw CommandFailure(
        .usage, "labels are not remembered by '\(field)', but by \(recall.fields.joined(separator: ", "))")
    }
    guard let feature = schema.categoryInputs.first(where: { $0.name == field }) else {
      guard let number = Float(value) else {
        throw CommandFailure(.usage, "'\(value)' is no number, and \(field) is one")
      }
      return Report.Key(field: field, value: value, labels: recall.recall(field, .number(number)))
    }
    let known: RecipeRecall.Value =
      if feature.values.contains(value) {
        .listed(value)
      } else if feature.tableRows > feature.buckets {
        .hash(ownHash(ofCategory: value))
      } else {
        .row(feature.hashedRow(of: hashCategory(value)) - UInt32(feature.values.count))
      }
    return Report.Key(field: field, value: value, labels: recall.recall(field, known))
  }

  private func show(_ report: Report) {
    Console.say(
      "\(Wording.count(report.labels)) labels up to checkpoint \(report.checkpoint), mean \(figures(report.mean, report)); "
        + "\(Wording.count(Int64(report.keysKnown))) values of \(report.fields.count) fields are known"
        + (report.keysReplaced > 0 ? ", \(Wording.count(report.keysReplaced)) gave way to newer ones" : ""))
    if report.keys.isEmpty { return Console.say("fields: \(report.fields.joined(separator: ", "))") }
    var table = TextTable("field", "value", ">labels", ">mean", ">of late", ">last")
    for key in report.keys {
      table.add(
        key.field, key.value, key.labels.map { Wording.count($0.count) } ?? "0",
        key.labels.map { figures($0.mean, report) } ?? "–", key.labels.map { figures($0.recent, report) } ?? "–",
        key.labels.map { figures($0.last, report) } ?? "–")
    }
    for line in table.lines(palette: .standardOutput, indent: 0) { Console.say(line) }
  }

  private func figures(_ values: [Double], _ report: Report) -> String {
    if report.classes.isEmpty { return values.first.map { Wording.measure($0) } ?? "–" }
    return zip(report.classes, values).map { "\($0) \(Wording.measure($1))" }.joined(separator: ", ")
  }
}
