import Foundation
import Ingest
package import Kafka
import Pipelines
import Synchronization
import Vocabulary

/// Files on their way into a topic. Cancelling its task ends it early; what was queued still arrives.
package struct FeedJob: Sendable {
  let files: [FeedFile]
  let table: CSVFormat
  /// Dotted path of the key.
  let key: String?
  /// Records, at most.
  let limit: Int64
  /// Records that begin on an earlier line are passed over.
  let fromLine: Int
  let skipsBad: Bool
  /// The most bytes of a record with its key that the producer takes.
  let recordBytesMax: Int
  let feeder: Feeder
  /// What the brokers trouble us with at the moment.
  let trouble: BrokerTrouble
  /// What the records are meant for; nil: nobody said.
  let schema: FeatureSchema?
  /// Asked of the columns of each table; what to tell of them.
  let judge: @Sendable ([String]) -> [String]

  /// What became of it, errors included: however it ends, what is in the log is known.
  struct Outcome: Sendable {
    var summary: FeedSummary?
    var position: FeedPosition
    var blankLines: Int64 = 0
    var commentLines: Int64 = 0
    var skipped: Int64 = 0
    var notes: [String] = []
    /// Those that were said when they were found.
    var told: [String] = []
    var isEarly = false
    var error: (any Error)?
    /// Where it ended, if not at the end: the line that was not published, and its file.
    var place: (file: String, line: Int)?
    /// Behind the last line that was published, of the file that was being read.
    var nextLine: Int?
  }

  /// Publishes until the files, the limit, an error or a cancellation end it, and waits until all of it is in the log.
  func run() async -> Outcome {
    var reading = FeedReading(job: self)
    let facts = reading.facts
    let ticker = Task { await tick(facts) }
    var outcome = Outcome(position: await feeder.progress())
    do {
      while let batch = try reading.nextBatch() { try await feeder.publish(batch) }
    } catch is CancellationError {
      outcome.isEarly = true
      Console.complain("stopped early; waiting for what is under way")
    } catch {
      outcome.error = error
    }
    if outcome.error != nil, !reading.pending.isEmpty {
      // Good records that came before the bad one.
      do { try await feeder.publish(reading.pending) } catch { outcome.error = error }
    }
    do { outcome.summary = try await feeder.finish(until: .after(.seconds(60))) } catch {
      // What was given up weighs more than what could not be read.
      outcome.error = error
    }
    ticker.cancel()
    await ticker.value
    outcome.position = await feeder.progress()
    reading.finish(&outcome)
    return outcome
  }

  /// Why a feed that keeps a lag has not moved for a while; nil: it has not waited long.
  package static func obstacle(_ heldBack: FeedPosition.HeldBack) -> String? {
    guard heldBack.duration >= .seconds(3) else { return nil }
    let group = heldBack.group
    guard heldBack.hasCommits else {
      return "held back: the group \(group) has committed nothing; does the pipeline run, and is the name right?"
    }
    return "held back: the group \(group) is \(Wording.count(heldBack.lag)) records behind and has read nothing for "
      + "\(Wording.span(heldBack.duration.seconds)); does the pipeline run?"
  }

  /// Shows how far it is until it is cancelled.
  private func tick(_ facts: FeedReading.Facts) async {
    var progress = FeedProgress()
    let known = files.compactMap(\.bytes)
    let total = known.count == files.count ? known.reduce(0, +) : nil
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(100))
      let position = await feeder.progress()
      progress.show(
        position.delivered, share: total.map { facts.share(of: $0, delivered: position.delivered) },
        trouble: (position.delivered < position.queued ? trouble.recent : nil)
          ?? position.heldBack.flatMap { Self.obstacle($0) })
    }
    progress.clear()
  }
}
