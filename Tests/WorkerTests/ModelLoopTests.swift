import Collectives
import Learning
import Testing
import Vocabulary
import Worker

@Suite("The step loop of any model")
struct ModelLoopTests {
  @Test("asks for each step in the order that a model is promised, and learns what a learner learns")
  func order() throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    func run(_ model: (Learner) -> any Model) throws -> LoopResult {
      let board = ControlBoard()
      board.wish { $0.stopsAtEnd = true }
      return try runLoop(
        smallPipeline(), stream: stream, collective: SoloCollective(generation: Generation(1)), board: board,
        model: model)
    }
    var watched: WatchedModel?
    let result = try run { learner in
      let model = WatchedModel(learner)
      watched = model
      return model
    }
    #expect(result.end == .finished)
    #expect(result.state.trained == 80)
    #expect(result.learner == (try run { $0 }).learner)
    let calls = try #require(watched).calls
    let steps = calls.filter { $0 != "discard" }
    // Some are asked once more.
    let expected = (1...result.state.step).flatMap { step in
      ["predict", "backward", "absorb", "apply"] + (StepLoop.asksAgain(after: step) ? ["predict"] : [])
    }
    #expect(steps == expected)
    // A step without records is discarded, never applied.
    #expect(calls.last == "discard")
  }
}
