import Collectives
import Learning
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("A model that needs no settings, in workers")
struct RecipeLoopTests {
  private static let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 120, rejectEvery: 7)

  private static func pipeline(_ preset: ModelSettings.Preset = .fast) -> Pipeline {
    smallPipeline {
      $0.model.preset = preset
      $0.training.reproducible = true
      $0.checkpoint.everySteps = 10
    }
  }

  private func run(
    _ worldSize: Int, _ pipeline: Pipeline, stream: MemoryStream = stream, from start: Snapshot? = nil,
    withMemory: Bool = true
  ) async throws -> LoopResult {
    let results = try await runRanks(
      worldSize, pipeline, stream: stream, from: start.map { ($0.state, $0.learner) },
      memory: withMemory ? start?.memory : nil)
    for result in results {
      #expect(result.error == nil, "\(result.error ?? "")")
      #expect(result.memory == results[0].memory && result.learner == results[0].learner)
      #expect(result.quarantined.isEmpty && result.divergence == nil)
    }
    return results[0]
  }

  @Test(
    "is the same bits with one, two and three of them", arguments: [ModelSettings.Preset.fast, .best])
  func worlds(preset: ModelSettings.Preset) async throws {
    let alone = try await run(1, Self.pipeline(preset))
    #expect(alone.state.trained > 300 && alone.memory != nil)
    for worldSize in 2...3 {
      let several = try await run(worldSize, Self.pipeline(preset))
      #expect(several.learner == alone.learner && several.memory == alone.memory)
      #expect(several.state.metrics == alone.state.metrics)
    }
  }

  @Test("goes on from a checkpoint in the middle, handed over, with the bits of the run that was never interrupted")
  func resumes() async throws {
    let whole = try await run(2, Self.pipeline(.best))
    var half = try #require(whole.snapshots.first { $0.state.step == 10 })
    let message = try half.state.handOver(learner: half.learner, memory: half.memory)
    let received = try TrainingState.receive(message)
    (half.state, half.learner, half.memory) = (received.state, received.learner, received.memory)
    for worldSize in 1...3 {
      let resumed = try await run(worldSize, Self.pipeline(.best), from: half)
      #expect(resumed.memory == whole.memory && resumed.learner == whole.learner)
    }
    // Weights alone do not know it.
    let forgetful = try await run(2, Self.pipeline(.best), from: half, withMemory: false)
    #expect(forgetful.memory != whole.memory)
  }

  @Test("tells what its members weigh, and a described network that it has none")
  func members() throws {
    func members(_ pipeline: Pipeline) throws -> (told: [MemberWeight], learner: [UInt8]) {
      let board = ControlBoard()
      board.wish { $0.stopsAtEnd = true }
      let result = try runLoop(
        pipeline, stream: Self.stream, collective: SoloCollective(generation: Generation(1)), board: board)
      return (board.currentFacts.members, result.learner)
    }
    let recipe = try members(Self.pipeline(.best))
    guard
      case .recipe(let version) = try FrozenModel(spec: LearnerSpec(Self.pipeline(.best)), state: recipe.learner)
    else { throw LoopError() }
    #expect(recipe.told == version.memberWeights && recipe.told.map(\.member).contains("alike_sharp"))
    #expect(try members(smallPipeline()).told.isEmpty)
  }

  private struct LoopError: Error {}

  @Test("takes bad numbers as none, and learns the rest", arguments: [1, 2], [Float.infinity, 1e38])
  func poison(worldSize: Int, poison: Float) async throws {
    var stream = Self.stream
    (stream.poisoned, stream.poison) = ([13, 20], poison)
    let result = try await run(worldSize, Self.pipeline(), stream: stream)
    #expect(result.state.rejected[RejectReason.nonFinite.index] == 0)
    let frozen = try FrozenModel(spec: LearnerSpec(Self.pipeline()), state: result.learner)
    #expect(frozen.firstNonFiniteParameter() == nil)
  }

  @Test("finds its classes", arguments: [1, 2, 3])
  func foundClasses(worldSize: Int) async throws {
    var stream = Self.stream
    stream.className = { partition, offset in offset > 25 * Int64(partition + 1) ? "of \(partition)" : "\(offset % 2)" }
    let pipeline = smallPipeline {
      $0.model.preset = .fast
      $0.model.task = .multiclass
      $0.schema.label = LabelSettings(path: "kind")
      ($0.schema.label.findsClasses, $0.schema.label.classesMax) = (true, 8)
      $0.training.reproducible = true
    }
    let result = try await run(worldSize, pipeline, stream: stream)
    #expect(result.state.classes.count == 5)
    if worldSize > 1 {
      let alone = try await run(1, pipeline, stream: stream)
      #expect(alone.learner == result.learner && alone.memory == result.memory)
    }
  }
}
