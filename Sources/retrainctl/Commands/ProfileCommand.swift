import Arguments
import Learning
import Pipelines
import Tensors

struct ProfileCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "profile", abstract: "Show what each layer of a pipeline's model costs a training step.",
      discussion: """
        Runs steps of the model on one thread of this machine with made-up records: no broker and no database. --swap \
        measures the same model with other activations beside it, 'all' with every one.
        """)
  }

  @Argument(help: "The pipeline file, or the name of a registered one.", completion: .file(["yaml", "yml"])) var file:
    String
  @Option(valueName: "n", help: "Records a step; without it what the pipeline takes from all partitions.") var batch:
    Int?
  @Option(valueName: "s", help: "About how long to measure, in seconds.") var seconds: Double = 2
  @Option(valueName: "activation", help: "Also measure with this activation, or with all; may be repeated.") var swap:
    [String]
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    var found: [String] = []
    if let batch, !(1...65_536).contains(batch) { found.append("--batch must be from 1 to 65536") }
    if !(0.1...600).contains(seconds) { found.append("--seconds must be from 0.1 to 600") }
    for name in swap where name != "all" && ActivationKind(rawValue: name) == nil {
      let known = ActivationKind.allCases.map(\.rawValue).joined(separator: ", ")
      found.append("--swap \(name) is none of all, \(known)")
    }
    return found
  }

  private struct Report: Encodable {
    struct Cost: Encodable {
      var layer: String
      var part: String
      var microseconds: Double
    }
    struct Swap: Encodable {
      var activation: String
      var stepMicroseconds: Double
    }
    var pipeline: String
    var rows: Int
    var kernels: String
    var parameters: Int
    var stepMicroseconds: Double
    var costs: [Cost]
    var swaps: [Swap]
  }

  func run() async throws {
    let pipeline = try await PipelineFile.find(file, room: MachineMemory.room(workers: 1)).pipeline
    guard pipeline.model.preset == nil else {
      throw CommandFailure(
        .usage,
        "profile times the layers of a network, and '\(pipeline.name)' has `model: auto`: "
          + "'retrain-bench recipe' measures that")
    }
    var spec = LearnerSpec(pipeline)
    // Where classes are found, with all that there is room for: a step costs no more.
    for place in spec.heads.indices { spec.heads[place].known = nil }
    let rows = batch ?? min(65_536, pipeline.deal.stepMax)
    let profile = StepProfile(spec, rows: rows, seconds: seconds)
    let swaps = swapped(spec).map { ($0, StepProfile(changed(spec, $0), rows: rows, seconds: seconds)) }
    if format.json {
      return try Console.say(
        json: Report(
          pipeline: pipeline.name, rows: rows, kernels: profile.kernels.rawValue, parameters: profile.parameters,
          stepMicroseconds: profile.stepMicroseconds,
          costs: profile.parts.map { .init(layer: $0.layer, part: $0.part.rawValue, microseconds: $0.microseconds) },
          swaps: swaps.map { .init(activation: $0.0.rawValue, stepMicroseconds: $0.1.stepMicroseconds) }))
    }
    say(profile, name: pipeline.name, spec)
    guard !swaps.isEmpty else { return }
    Console.say("")
    var table = TextTable("activation", ">µs a step", ">against \(spec.activation.rawValue)")
    for (activation, other) in swaps {
      table.add(
        activation.rawValue, figure(other.stepMicroseconds),
        Wording.figure(other.stepMicroseconds / profile.stepMicroseconds, decimals: 2) + " ×")
    }
    for line in table.lines(palette: .standardOutput) { Console.say(line) }
  }

  private func swapped(_ spec: LearnerSpec) -> [ActivationKind] {
    swap.contains("all")
      ? ActivationKind.allCases.filter { $0 != spec.activation } : swap.compactMap { ActivationKind(rawValue: $0) }
  }

  private func changed(_ spec: LearnerSpec, _ activation: ActivationKind) -> LearnerSpec {
    var changed = spec
    changed.activation = activation
    return changed
  }

  private func say(_ profile: StepProfile, name: String, _ spec: LearnerSpec) {
    let rate = Wording.count(Int64(Double(profile.rows) / profile.stepMicroseconds * 1e6))
    Console.say(
      "'\(name)': a step of \(profile.rows) records takes \(figure(profile.stepMicroseconds)) µs on one thread "
        + "(\(rate) records/s), with \(Wording.count(Int64(profile.parameters))) parameters and \(profile.kernels.rawValue) kernels"
    )
    Console.say("")
    let all = profile.parts.reduce(0) { $0 + $1.microseconds }
    var table = TextTable("layer", ">forward", ">activation", ">backward", ">update", ">µs", ">share")
    for layer in profile.layers {
      let columns = Column.allCases.map { profile.microseconds(layer, $0.parts) }
      let sum = columns.reduce(0, +)
      table.add(
        layer, figure(columns[0]), figure(columns[1]), figure(columns[2]), figure(columns[3]), figure(sum),
        Wording.percent(sum / all))
    }
    for line in table.lines(palette: .standardOutput) { Console.say(line) }
  }

  private enum Column: CaseIterable {
    case forward, activation, backward, update

    var parts: Set<StepTimes.Part> {
      switch self {
      case .forward: [.input, .product, .normalization, .dropout, .skip, .loss]
      case .activation: [.activation, .backActivation]
      case .backward: [.backNormalization, .weightGradient, .inputGradient, .touchedRows]
      case .update: [.update]
      }
    }
  }

  private func figure(_ value: Double) -> String {
    value == 0 ? "" : Wording.figure(value, decimals: value < 10 ? 2 : value < 1000 ? 1 : 0)
  }
}
