import Collectives
import Pipelines
import Synchronization
import Testing
import Vocabulary
import Worker

/// Gradients that go to the other ranks while the layers below are still on their way back.
@Suite("Steps that exchange while they learn")
struct OverlappedLoopTests {
  /// Of 1.2 MiB of parameters in five layers: of two and three ranks in two stretches and more.
  private static func pipeline(_ gradients: GroupSettings.GradientFormat) -> Pipeline {
    smallPipeline {
      $0.model.hidden = [320, 320, 320, 320]
      $0.group.gradients = gradients
      $0.schema.features[0].normalize = .none
      $0.training.optimizer.learningRate = 0.002
    }
  }

  @Test(
    "learn the same bits as steps that exchange afterwards, and name the same records",
    arguments: [2, 3], GroupSettings.GradientFormat.allCases)
  func sameBits(worldSize: Int, gradients: GroupSettings.GradientFormat) async throws {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 60)
    (stream.poisoned, stream.shorter) = ([13, 20], [2: 30])
    var learners: [[UInt8]] = []
    for overlaps in [true, false] {
      let results = try await runRanks(worldSize, Self.pipeline(gradients), stream: stream, overlaps: overlaps)
      #expect(results.allSatisfy { $0.end == .finished && $0.learner == results[0].learner })
      #expect(results[0].state.trained == 148)
      #expect(results.flatMap(\.quarantined).map(\.position.offset).sorted() == [13, 20])
      learners.append(results[0].learner)
    }
    #expect(learners[0] == learners[1])
  }

  @Test("say that a damaged model is damaged, whatever of its gradients was on the way")
  func damaged() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    stream.poisoned = [13]
    let results = try await runRanks(
      2, Self.pipeline(.float32), stream: stream,
      model: { learner in
        let model = WatchedModel(learner)
        model.isDamaged = true
        return model
      })
    for result in results {
      guard case .halted(let reason)? = result.end else {
        Issue.record("\(String(describing: result.end)), \(result.error ?? "")")
        continue
      }
      #expect(reason.contains("parameters are damaged"))
    }
  }

  @Test("say of each layer that its gradients are final before the exchange, and of none that is not")
  func order() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    let told = Mutex<[HookedCollective.Event]>([])
    let results = try await runRanks(
      2, Self.pipeline(.float32), stream: stream,
      watch: { rank, event in if rank == 0 { told.withLock { $0.append(event) } } })
    #expect(results[0].state.trained == 80)
    // Opened, then the output and the four layers, then the rest; steps without records are opened, light ones not even that.
    let step: [HookedCollective.Event] = [.opened] + (1...5).map { .final($0) }
    let steps = told.withLock { $0 }.split(separator: .exchanged, omittingEmptySubsequences: false).map { Array($0) }
    #expect(steps.allSatisfy { $0 == step || $0 == [.opened] || $0.isEmpty })
    #expect(steps.count { $0 == step } == Int(results[0].state.step))
  }
}
