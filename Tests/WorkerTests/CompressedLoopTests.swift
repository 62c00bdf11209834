import Collectives
import Confinement
import Evaluation
import Pipelines
import Testing
import Vocabulary
import Worker

/// Two workers whose gradients go to each other as bfloat16.
@Suite("Steps with compressed gradients")
struct CompressedLoopTests {
  private static func pipeline(
    _ gradients: GroupSettings.GradientFormat, _ change: (inout Pipeline) -> Void = { _ in }
  ) -> Pipeline {
    smallPipeline {
      $0.group.gradients = gradients
      change(&$0)
    }
  }

  @Test("all ranks hold the same bits, and learn as well as with float32", arguments: [2, 3])
  func learnsAsWell(worldSize: Int) async throws {
    let stream = MemoryStream(partitionCount: 6, recordsPerPartition: 2000)
    var losses: [Double] = []
    var learners: [[UInt8]] = []
    for format in GroupSettings.GradientFormat.allCases {
      let results = try await runRanks(worldSize, Self.pipeline(format), stream: stream)
      #expect(results.allSatisfy { $0.end == .finished && $0.learner == results[0].learner })
      #expect(results[0].state.trained == 12_000)
      losses.append(try #require(results[0].state.metrics.meanLoss))
      learners.append(results[0].learner)
    }
    print("loss \(losses[0]) with float32, \(losses[1]) with bfloat16, \(worldSize) ranks")
    #expect(abs(losses[0] - losses[1]) < 0.002 && losses[0] < 0.4)
    // They are not the same, or nothing was rounded.
    #expect(learners[0] != learners[1])
  }

  @Test("a step that is not applied, made again or given up, leaves what rounding took away as it was")
  func voidSteps() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 80)
    let listeners = try (0..<2).map { _ in try CollectiveListener() }
    let addresses = listeners.map(\.address)
    let seen = try await withThrowingTaskGroup(of: (LoopResult, [[Float]]).self) { group in
      for (rank, listener) in listeners.enumerated() {
        group.addTask {
          try await onDedicatedThread(named: "rank \(rank)") {
            let collective = ErrorWatch(
              try listener.form(
                generation: Generation(1), rank: Rank(rank), members: addresses, secret: [7],
                deadline: .after(.seconds(20))))
            defer { collective.close() }
            let board = ControlBoard()
            board.wish { $0.stopsAtEnd = true }
            let result = try runLoop(
              Self.pipeline(.bfloat16), stream: stream, collective: collective, board: board,
              model: {
                let model = WatchedModel($0)
                // One is made again, and one for nothing.
                model.refusedUpdates = [5, 9, 10]
                return model
              })
            return (result, collective.finish())
          }
        }
      }
      var all: [(LoopResult, [[Float]])] = []
      for try await one in group { all.append(one) }
      return all
    }
    for (result, errors) in seen {
      #expect(result.end == .finished, "\(result.error ?? "")")
      // One before each exchange of gradients, and one at the end; the last exchange found that there are no more records.
      let changes = zip(errors, errors.dropFirst()).map { $0 != $1 }
      #expect(changes.indices.filter { !changes[$0] } == [5, 9, 10, changes.count - 1])
      #expect(changes.count == Int(result.state.step) + 3)
      #expect(errors.allSatisfy { $0.allSatisfy(\.isFinite) })
    }
    #expect(seen[0].0.learner == seen[1].0.learner)
  }
}

/// A collective that notes before each exchange of gradients which errors go out with them.
private final class ErrorWatch: Collective {
  private let base: any Collective
  private var compression: GradientCompression?
  private var noted: [[Float]] = []

  init(_ base: any Collective) { self.base = base }

  var rank: Rank { base.rank }
  var worldSize: Int { base.worldSize }
  var generation: Generation { base.generation }
  var descriptors: [Int32] { base.descriptors }

  /// All that was noted, and the errors that are left now.
  func finish() -> [[Float]] { noted + [compression.map { Array($0.errors) } ?? []] }

  func open(_ dense: DenseValues) {
    if let given = dense.compression {
      compression = given
      // There are none before the first exchange, which is as good as zeros.
      noted.append(given.errors.isEmpty ? Array(repeating: 0, count: dense.sum.count) : Array(given.errors))
    }
    base.open(dense)
  }

  func advance(_ stretches: Int) { base.advance(stretches) }

  func exchange<Result>(
    _ dense: DenseValues, attachment: UnsafeRawBufferPointer, deadline: Deadline,
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) throws -> Result {
    return try base.exchange(dense, attachment: attachment, deadline: deadline, body)
  }

  func broadcast(from root: Rank, _ bytes: [UInt8], deadline: Deadline) throws -> [UInt8] {
    try base.broadcast(from: root, bytes, deadline: deadline)
  }

  func close() { base.close() }
}
