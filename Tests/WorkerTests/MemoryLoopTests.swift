import Collectives
import Learning
import Pipelines
import Testing
import Vocabulary
import Worker

@Suite("What is remembered of records, by workers")
struct MemoryLoopTests {
  private static let stream = MemoryStream(partitionCount: 3, recordsPerPartition: 200)

  private func run(
    _ worldSize: Int, _ pipeline: Pipeline? = nil, stream: MemoryStream = stream, stopsAtEnd: Bool = true,
    from start: Snapshot? = nil, withMemory: Bool = true
  ) async throws -> LoopResult {
    let results = try await runRanks(
      worldSize, pipeline ?? smallPipeline { $0.training.reproducible = true }, stream: stream, stopsAtEnd: stopsAtEnd,
      stops: !stopsAtEnd, from: start.map { ($0.state, $0.learner) }, memory: withMemory ? start?.memory : nil,
      further: KeyMemoryPlan.both)
    for result in results {
      #expect(result.error == nil, "\(result.error ?? "")")
      #expect(result.memory == results[0].memory && result.learner == results[0].learner)
    }
    return results[0]
  }

  @Test("is the same bits with one, two and three of them: every record's, in the order of the records")
  func worlds() async throws {
    let alone = try await run(1)
    #expect(try KeyMemoryPlan.records(in: alone.memory) == 600)
    #expect(try await run(2).memory == alone.memory)
    #expect(try await run(3).memory == alone.memory)
  }

  @Test("goes on from a checkpoint in the middle, handed over, with the bits of the run that was never interrupted")
  func resumes() async throws {
    let pipeline = smallPipeline {
      $0.training.reproducible = true
      $0.checkpoint.everySteps = 20
    }
    let whole = try await run(2, pipeline)
    var half = try #require(whole.snapshots.first { $0.state.step == 20 })
    #expect(try KeyMemoryPlan.records(in: half.memory) == 20 * 12)
    let message = try half.state.handOver(learner: half.learner, memory: half.memory)
    let received = try TrainingState.receive(message)
    (half.state, half.learner, half.memory) = (received.state, received.learner, received.memory)
    let resumed = try await run(2, pipeline, from: half)
    #expect(resumed.memory == whole.memory && resumed.learner == whole.learner)
    #expect(try await run(3, pipeline, from: half).memory == whole.memory)
    // Weights alone do not know it.
    let forgetful = try await run(2, pipeline, from: half, withMemory: false)
    #expect(forgetful.memory != whole.memory && forgetful.learner != whole.learner)
  }

  @Test("has nothing twice and lacks nothing where steps are made again for their classes", arguments: [1, 2, 3])
  func foundClasses(worldSize: Int) async throws {
    var stream = Self.stream
    stream.className = { partition, offset in offset > 40 * Int64(partition + 1) ? "of \(partition)" : "\(offset % 2)" }
    let pipeline = smallPipeline {
      $0.model.task = .multiclass
      $0.schema.label = LabelSettings(path: "kind")
      ($0.schema.label.findsClasses, $0.schema.label.classesMax) = (true, 8)
      $0.training.reproducible = true
    }
    let result = try await run(worldSize, pipeline, stream: stream)
    #expect(result.state.classes.count == 5)
    #expect(try KeyMemoryPlan.records(in: result.memory) == 600)
    // The same records, so the same memory, whatever is learned from them.
    #expect(result.memory == (try await run(1)).memory)
  }

  @Test("lacks the rows that were taken out, and no others", arguments: [1, 2], [Float.infinity, 1e38])
  func takenOut(worldSize: Int, poison: Float) async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    (stream.poisoned, stream.poison) = (poison.isFinite ? Set(0..<40) : [13, 20], poison)
    let pipeline = smallPipeline {
      $0.training.reproducible = true
      $0.schema.features[0].normalize = .none
      if poison.isFinite { $0.model.hidden = [] }
    }
    let result = try await run(worldSize, pipeline, stream: stream)
    let refused = Int(result.state.rejected[RejectReason.nonFinite.index])
    #expect(refused > 0 && refused < 40 && result.state.trained == Int64(80 - refused))
    #expect(try KeyMemoryPlan.records(in: result.memory) == 80 - refused)
    // A row that was taken out has no category.
    #expect(try KeyMemoryPlan.value(.count, of: 0, in: result.memory) == nil)
  }

  @Test("a step that is void because a rank has no full shares is not remembered, and is once it is learned")
  func voidSteps() async throws {
    let pipeline = smallPipeline { $0.training.reproducible = true }
    let before = try await run(2, pipeline, stream: MemoryStream(partitionCount: 2, recordsPerPartition: 40))
    var start = try #require(before.snapshots.last)
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 80)
    stream.empty = [1]
    // The leader has full shares, and the other rank nothing.
    let idle = try await run(2, pipeline, stream: stream, stopsAtEnd: false, from: start)
    #expect(idle.end == .stopped && idle.state.step == start.state.step)
    #expect(idle.memory == start.memory && start.memory != nil)
    (start.state, start.learner, start.memory) = (idle.state, idle.learner, idle.memory)
    stream.empty = []
    let later = try await run(2, pipeline, stream: stream, from: start)
    #expect(later.memory == (try await run(1, pipeline, stream: stream)).memory)
  }

  @Test("is handed to the model between what it absorbs and the update, and asked of none that remembers nothing")
  func order() throws {
    func calls(_ further: [any EncoderPlan]) throws -> (calls: [String], result: LoopResult) {
      let board = ControlBoard()
      board.wish { $0.stopsAtEnd = true }
      var watched: WatchedModel?
      let result = try runLoop(
        smallPipeline(), stream: MemoryStream(partitionCount: 1, recordsPerPartition: 4),
        collective: SoloCollective(generation: Generation(1)), board: board, further: further
      ) { learner in
        let model = WatchedModel(learner)
        watched = model
        return model
      }
      return (try #require(watched).calls.filter { $0 != "discard" }, result)
    }
    #expect(try calls(KeyMemoryPlan.both).calls == ["predict", "backward", "absorb", "remember", "apply"])
    let (plain, result) = try calls([])
    #expect(plain == ["predict", "backward", "absorb", "apply"])
    #expect(result.snapshots.count == 1 && result.snapshots[0].memory == nil && result.memory == nil)
    #expect(try TrainingState.receive(result.state.handOver(learner: [7], memory: nil)).memory == nil)
  }
}
