import Collectives
import Evaluation
import Health
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

/// Leaves out what a step asks once more.
private final class NeverAsked: ForwardingModel {
  private(set) var asks = 0
  private var (isNext, isIn) = (false, false)

  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let update = super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
    isNext = StepLoop.asksAgain(after: learner.step)
    return update
  }
  override func predict(_ batch: FeatureBatch) {
    guard isNext else { return super.predict(batch) }
    (isNext, isIn) = (false, true)
    asks += 1
  }
  override func discardStep() {
    if !isIn { super.discardStep() }
    isIn = false
  }
}

@Suite("Records that are asked once more")
struct AskedAgainTests {
  private static let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 4000)

  @Test("are those of one step in 256, drawn at random")
  func steps() {
    let asked = (0..<Int64(256_000)).filter { StepLoop.asksAgain(after: $0) }
    #expect((900...1100).contains(asked.count), "\(asked.count)")
    #expect(Set(asked.map { $0 % 16 }).count == 16)
  }

  @Test("lose less than before, and the ranks come to the same", arguments: [1, 2])
  func gap(worldSize: Int) async throws {
    // A step down the gradient of its own records, without what earlier ones have left.
    let pipeline = smallPipeline {
      $0.checkpoint.everySteps = 500
      $0.training.optimizer = TrainingSettings.Optimizer(kind: .sgd)
      $0.training.optimizer.learningRate = 0.1
    }
    let results = try await runRanks(worldSize, pipeline, stream: Self.stream)
    let windows = try #require(results.first).snapshots.compactMap(\.state.lossWatch.relearned)
    let records = windows.reduce(0) { $0 + $1.records }
    let asked = (1...results[0].state.step).filter { StepLoop.asksAgain(after: $0) }.count
    #expect(asked > 0 && records > 0 && records <= Int64(16 * asked))
    for window in windows {
      let gap = try #require(window.gap)
      #expect(gap > 0 && gap < 0.5, "\(gap)")
    }
    #expect(results.allSatisfy { $0.learner == results[0].learner })
  }

  @Test("leave no trace in what is learned")
  func exact() throws {
    func run(_ model: (Learner) -> any Model) throws -> LoopResult {
      let board = ControlBoard()
      board.wish { $0.stopsAtEnd = true }
      return try runLoop(
        smallPipeline(), stream: Self.stream, collective: SoloCollective(generation: Generation(1)), board: board,
        model: model)
    }
    var model: NeverAsked?
    let asked = try run { $0 }
    let unasked = try run {
      let made = NeverAsked($0)
      model = made
      return made
    }
    #expect(try #require(model).asks > 1)
    #expect(asked.learner == unasked.learner && asked.state.metrics == unasked.state.metrics)
    #expect(asked.snapshots.map(\.health) == unasked.snapshots.map(\.health))
  }
}
