import Collectives
import Evaluation
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("A worker with several heads")
struct HeadLoopTests {
  private let pipeline = smallPipeline { pipeline in
    var count = HeadSettings(name: "count", label: LabelSettings(path: "y.count"), task: .regression)
    count.loss = LossSettings(kind: .poisson)
    var above = HeadSettings(name: "above", label: LabelSettings(path: "y.above"), task: .binary)
    above.temperature = .learned
    pipeline.model.heads = [above, count]
  }

  @Test("learns each of them, and judges by the first")
  func learns() throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 2000, labelCount: 3)
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let result = try runLoop(
      pipeline, stream: stream, collective: SoloCollective(generation: Generation(1)), board: board)
    #expect(result.end == .finished)
    #expect(result.state.trained == 4000)
    #expect(result.state.metrics.task == .binary)
    #expect((result.state.metrics.auc ?? 0) > 0.9)
    let predictor = try Predictor(spec: LearnerSpec(pipeline), state: result.learner, batchCapacity: 2)
    let batch = FeatureBatch(capacity: 2, numberCount: 2, categoryCount: 1)
    batch.count = 2
    for (place, number) in ([0.8, -0.8, -0.8, 0.4] as [Float]).enumerated() { batch.numbers[place] = number }
    for row in 0..<2 { batch.categories[row] = 1 }
    predictor.predict(batch)
    let (above, count) = withExtendedLifetime(predictor) {
      (Array(predictor.outputs(ofHead: 1)), Array(predictor.outputs(ofHead: 2)))
    }
    // The losses of the others are told, test then train: better than a coin's ln 2.
    #expect(result.state.heads.map(\.name) == ["above", "count"])
    #expect(result.state.heads[0].total.records == 4000)
    #expect(result.state.heads[0].total.mean ?? 1 < 0.6)
    #expect((1...3999).contains(result.state.heads[1].total.records))
    let windows = result.snapshots.map { $0.state.heads[0].window.records }
    #expect(windows.reduce(0, +) == 4000)
    #expect(above[0] > 0.8 && above[1] < 0.2)
    #expect(count[0] > 2 && count[1] < 1.5 && count[1] > 0)
  }

  @Test("a value learned by its own loss is judged by it", arguments: [LossSettings.Kind.huber, .quantile, .poisson])
  func judged(kind: LossSettings.Kind) throws {
    let pipeline = smallPipeline { pipeline in
      pipeline.model.task = .regression
      pipeline.model.loss = LossSettings(kind: kind)
    }
    let expected: [LossSettings.Kind: EvaluationTask] = [
      .huber: .huber(delta: 1), .quantile: .quantile(level: 0.5), .poisson: .poisson,
    ]
    #expect(EvaluationTask(pipeline) == expected[kind])
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let stream = MemoryStream(partitionCount: 1, recordsPerPartition: 1500)
    let metrics = try runLoop(
      pipeline, stream: stream, collective: SoloCollective(generation: Generation(1)), board: board
    ).state.metrics
    #expect(metrics.records == 1500)
    let (loss, prior) = (try #require(metrics.meanLoss), try #require(metrics.priorLoss))
    #expect(loss < prior)
    #expect(metrics.mae != nil && metrics.rmse != nil)
  }
}
