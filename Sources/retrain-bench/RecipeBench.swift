import Evaluation
import Foundation
import JSON
import Learning
import Pipelines
import Tensors
import Vocabulary

extension Workload {
  /// Streams learned test-then-train by the recipe, labels at once: quality and rate.
  static let recipe = Workload(
    name: "recipe",
    summary: "learn streams of JSON lines by the recipe: quality, and records a second without reading them",
    flags: [
      BenchFlag("data", "path", nil, "A folder with NAME.jsonl.gz and NAME.schema.json."),
      BenchFlag("streams", "name/target,…", "bikes/cnt,bikes/busy,flights/late15", "What to learn."),
      BenchFlag("preset", "fast|best", "best", "How much of the recipe."),
      BenchFlag("step", "records", "1", "Records a step: all of them are answered before the first is learned."),
      BenchFlag(
        "ablate", "part,…", "",
        "What is left out: memory, keys, values, knots, changes, crosses, replay, neighbours, or a member: plain, deep, replayed, wide."
      ),
      BenchFlag("records", "n", nil, "The first records of each (default: all)."),
      BenchFlag(
        "frozen", "records", nil,
        "Keeps the weights after each so many records, and holds them, with the newest memory, against the learner's."),
      .clock,
    ],
    run: runRecipe)
}

@Sendable private func runRecipe(_ options: inout BenchOptions) throws {
  let data = options.string("data")
  guard !data.isEmpty else { throw BenchError("--data names the folder with the streams") }
  guard let preset = RecipePreset(rawValue: options.string("preset")) else {
    throw BenchError("--preset is fast or best")
  }
  let step = try options.int("step")
  let most = try options.int("records")
  let every = try options.int("frozen")
  let clock = try BenchClock(flag: options.string("clock"))
  let left = options.string("ablate").split(separator: ",").map(String.init)
  for stream in options.string("streams").split(separator: ",") {
    let parts = stream.split(separator: "/").map(String.init)
    guard parts.count == 2 else { throw BenchError("--streams names streams as name/target, not '\(stream)'") }
    let bench = try RecipeStream(folder: data, name: parts[0], target: parts[1], preset: preset, step: step)
    var watch = every > 0 ? FrozenWatch(bench.evaluation, every: every, stream: bench.name) : nil
    try bench.report(without: left, records: most > 0 ? most : .max, clock: clock, frozen: &watch).emit()
  }
}

/// A stream in the shape {id, t, x, y, t_y}, described by a schema file beside it.
private struct RecipeStream {
  private struct Description: Decodable {
    struct Feature: Decodable {
      let name: String
      let type: String
    }
    struct First: Decodable { let values: [String: Int]? }
    struct Target: Decodable {
      let name: String
      let task: String
      let first20: First
    }
    let features: [Feature]
    let targets: [Target]
  }

  let name: String
  let path: String
  let step: Int
  let schema: FeatureSchema
  let spec: LearnerSpec
  let task: ModelSettings.Task
  let preset: RecipePreset
  let evaluation: EvaluationTask

  init(folder: String, name: String, target: String, preset: RecipePreset, step: Int) throws {
    self.name = "\(name)/\(target)"
    path = "\(folder)/\(name).jsonl.gz"
    (self.preset, self.step) = (preset, step)
    let text = try Data(contentsOf: URL(filePath: "\(folder)/\(name).schema.json"))
    let description = try JSONDecoder().decode(Description.self, from: text)
    guard let found = description.targets.first(where: { $0.name == target }),
      let task = ModelSettings.Task(rawValue: found.task)
    else { throw BenchError("\(name) has no target '\(target)'") }
    self.task = task
    let classes = task == .multiclass ? (found.first20.values ?? [:]).keys.sorted() : []
    func quoted(_ text: String) -> String { "\"\(text)\"" }
    // As a person would write it who knows where things are, and nothing else.
    let features = description.features.map { feature in
      "    - { name: \(quoted(feature.name)), path: \(quoted("x.\(feature.name)")), "
        + "type: \(feature.type == "numeric" ? "float" : "category") }\n"
    }
    let label =
      "{ path: \(quoted("y.\(target)"))"
      + (classes.isEmpty ? "" : ", classes: [\(classes.map(quoted).joined(separator: ", "))]") + " }"
    let file =
      "name: stream\nsource: { topic: stream }\nschema:\n  label: \(label)\n  features:\n\(features.joined())"
      + "model: { preset: \(preset.rawValue), task: \(task.rawValue) }\n"
    let pipeline = try PipelineParser.parse(text: file, fileName: name) { _ in nil }
    (schema, spec) = (pipeline.schema, LearnerSpec(pipeline))
    evaluation =
      switch task {
      case .binary: .binary
      case .multiclass: .multiclass(classes.count)
      case .regression: .regression
      }
  }

  func report(
    without left: [String], records most: Int, clock: BenchClock, frozen: inout FrozenWatch?
  ) throws -> BenchReport {
    let parts: [(String, RecipeForm.Parts)] = [
      ("memory", .memory), ("keys", .keys), ("values", .values), ("knots", .knots), ("changes", .changes),
      ("crosses", .crosses),
    ]
    var without: RecipeForm.Parts = []
    for (name, part) in parts where left.contains(name) { without.insert(part) }
    let names = ["plain", "deep", "replayed", "wide", "near", "near_sharp", "alike", "alike_sharp"]
    let known = parts.map(\.0) + names + ["replay", "neighbours"]
    if let stranger = left.first(where: { !known.contains($0) }) {
      throw BenchError("--ablate knows \(known.joined(separator: ", ")), not '\(stranger)'")
    }
    let model = RecipeModel(
      spec: spec, batchCapacity: step, without: without,
      members: names.filter { name in
        !left.contains(name) && !(left.contains("neighbours") && (name.hasPrefix("near") || name.hasPrefix("alike")))
      },
      replays: !left.contains("replay"))
    let batches = try read(model.batchShape, most: most)
    var metrics = StreamMetrics(task: evaluation)
    let seconds = try clock.measure {
      for batch in batches {
        model.predict(batch)
        let local = model.backward(batch)
        guard local.isFinite else { throw BenchError("an answer was not finite") }
        if let outputs = model.outputs.baseAddress {
          metrics.add(outputs: outputs, labels: batch.labels, count: batch.count)
        }
        try frozen?.score(batch, model)
        model.absorbOwn()
        _ = model.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
      }
    }
    let count = batches.reduce(0) { $0 + $1.count }
    var params = ["stream": name, "preset": preset.rawValue, "step": "\(step)", "records": "\(count)"]
    if !left.isEmpty { params["ablate"] = left.joined(separator: ",") }
    if task == .regression {
      params["mae"] = metrics.mae.map { String(format: "%.3f", $0) }
      params["rmse"] = metrics.rmse.map { String(format: "%.3f", $0) }
    } else {
      params["log_loss"] = metrics.meanLoss.map { String(format: "%.5f", $0) }
      params["auc"] = metrics.auc.map { String(format: "%.5f", $0) }
      params["accuracy"] = metrics.accuracy.map { String(format: "%.5f", $0) }
    }
    params["worth"] = model.memberWeights.map { "\($0.member) \(String(format: "%.3f", $0.weight))" }
      .joined(separator: ", ")
    return BenchReport(workload: "recipe", params: params, samples: [Double(count) / seconds], unit: "records/s")
  }

  /// All labelled records, decoded, step by step.
  private func read(_ shape: BatchShape, most: Int) throws -> [FeatureBatch] {
    let file = try RecordFile(path: path, schema: schema, task: task)
    var batches: [FeatureBatch] = []
    var batch = shape.makeBatch(capacity: step)
    let rows = shape.makeBatch(capacity: 512)
    var count = 0
    while count < most, try file.fill(rows) > 0 {
      for row in 0..<rows.count where !rows.labels[row].isNaN && count < most {
        batch.copyRow(row, of: rows, to: batch.count)
        batch.count += 1
        count += 1
        if batch.count == step {
          batches.append(batch)
          batch = shape.makeBatch(capacity: step)
        }
      }
    }
    if batch.count > 0 { batches.append(batch) }
    return batches
  }
}
