import Collectives
import Foundation
import Synchronization
import Testing
import Vocabulary

@Suite("Rank loss", .serialized)
struct RankLossTests {
  @Test("a lost rank aborts the step on every survivor at once", arguments: [2, 3, 5], [10, 1_000_000])
  func loss(world: Int, count: Int) async throws { try await Self.loss(world: world, count: count, isRounded: false) }

  @Test("so it does where values go as bfloat16, whole and in parts", arguments: [2, 3, 5], [10, 1_000_000])
  func roundedLoss(world: Int, count: Int) async throws {
    try await Self.loss(world: world, count: count, isRounded: true)
  }

  private static func loss(world: Int, count: Int, isRounded: Bool) async throws {
    let lost = Rank(world - 1)
    let results = try await World(size: world).run { collective in
      _ = try collective.exchange([1])
      if collective.rank == lost {
        collective.close()
        return Duration.zero
      }
      let start = ContinuousClock.now
      let error = #expect(throws: CollectiveError.self) {
        _ = try collective.exchange(
          [Float](repeating: 1, count: count), within: .seconds(60), by: isRounded ? GradientCompression() : nil)
      }
      #expect(error?.code == .peerLost)
      #expect(error?.generation == Generation(7))
      // Closed from now on, and quick to say so.
      let second = #expect(throws: CollectiveError.self) { _ = try collective.exchange([1]) }
      #expect(second?.code == .closed)
      return start.duration(to: .now)
    }
    for result in results { #expect(try result.get() < .seconds(5)) }
  }

  @Test("a link that ends fails the exchange although another one is awaited")
  func lossBesideSilence() async throws {
    let done = Gate()
    let results = try await World(size: 3).run { collective -> CollectiveError? in
      // The whole mesh stands before anybody leaves.
      _ = try collective.exchange([1])
      switch collective.rank.rawValue {
      case 1:
        // Silent, but there: rank 0 waits for it when rank 2 goes.
        done.wait()
        return nil
      case 2:
        return nil
      default:
        defer { done.open() }
        return #expect(throws: CollectiveError.self) { _ = try collective.exchange([1], within: .seconds(60)) }
      }
    }
    let error = try #require(try results[0].get())
    #expect(error.code == .peerLost)
    #expect(error.peer == Rank(2))
  }

  @Test(
    "a silent peer times the exchange out at the deadline and not before", arguments: [10, 1_000_000], [false, true])
  func silence(count: Int, isRounded: Bool) async throws {
    let done = Gate()
    let results = try await World(size: 2).run { collective -> Duration in
      if collective.rank == Rank(1) {
        done.wait()
        return .zero
      }
      defer { done.open() }
      let start = ContinuousClock.now
      let error = #expect(throws: CollectiveError.self) {
        _ = try collective.exchange(
          [Float](repeating: 1, count: count), within: .milliseconds(300), by: isRounded ? GradientCompression() : nil)
      }
      #expect(error?.code == .timedOut)
      #expect(error?.peer == Rank(1))
      return start.duration(to: .now)
    }
    let waited = try results[0].get()
    #expect(waited >= .milliseconds(300))
    #expect(waited < .seconds(10))
  }

  @Test(
    "of three ranks the silent one is named, not one that waits for it", arguments: [10, 1_000_000], [false, true])
  func silentOfThree(count: Int, isRounded: Bool) async throws {
    let done = Gate()
    let waiting = Mutex(2)
    let results = try await World(size: 3).run { collective -> Rank? in
      if collective.rank == Rank(2) {
        done.wait()
        return nil
      }
      defer {
        if waiting.withLock({ count in (count -= 1, count).1 }) == 0 { done.open() }
      }
      let error = #expect(throws: CollectiveError.self) {
        _ = try collective.exchange(
          [Float](repeating: 1, count: count), within: .milliseconds(300), by: isRounded ? GradientCompression() : nil)
      }
      // Whoever closes first may be taken for the loss by the other.
      return error?.code == .timedOut ? error?.peer : Rank(2)
    }
    #expect(try results[0].get() == Rank(2))
    #expect(try results[1].get() == Rank(2))
  }

  @Test("a rank in another step, or with another number of values, is a protocol violation")
  func desynchronised() async throws {
    let steps = try await World(size: 2).run { collective in
      if collective.rank == Rank(1) { _ = try collective.broadcast(from: Rank(1), [], deadline: .after(.seconds(20))) }
      _ = try collective.exchange([1])
    }
    #expect(steps[0].complaint?.code == .protocolViolation)

    let sizes = try await World(size: 2).run { collective in
      _ = try collective.exchange([Float](repeating: 1, count: 10 + collective.rank.rawValue))
    }
    #expect(sizes.contains { $0.complaint?.code == .protocolViolation })
    #expect(sizes.allSatisfy { $0.complaint != nil })
  }

  @Test("an attachment larger than allowed is refused by its receiver")
  func oversizedAttachment() async throws {
    let world = try World(size: 2)
    let results = await onThreads(2) { rank in
      var limits = CollectiveLimits()
      limits.attachmentBytesMax = rank == 0 ? 1000 : 10_000
      let collective = try world.form(rank, limits: limits)
      defer { collective.close() }
      return try collective.exchange([1], [UInt8](repeating: 0, count: rank == 0 ? 10 : 1001)).sum
    }
    #expect(results[0].complaint?.code == .protocolViolation)
  }

  @Test("a rank that finished long ago can be told from one that is needed")
  func lossAfterTheLastPart() async throws {
    let results = try await World(size: 2).run { collective -> CollectiveError? in
      _ = try collective.exchange([1])
      guard collective.rank == Rank(0) else { return nil }
      return #expect(throws: CollectiveError.self) { _ = try collective.exchange([1]) }
    }
    #expect(try results[0].get()?.code == .peerLost)
  }
}

/// Lets a thread wait for another's word, for a minute at most.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  func open() { semaphore.signal() }
  func wait() { _ = semaphore.wait(timeout: .now() + 60) }
}
