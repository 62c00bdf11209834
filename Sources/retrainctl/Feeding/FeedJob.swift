import Foundation
import Ingest
import Kafka
import Synchronization
import Vocabulary

/// Files on their way into a topic. Cancelling its task ends it early; what was queued still arrives.
struct FeedJob: Sendable {
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
  /// Asked of the columns of each table; what to tell of them.
  let judge: @Sendable ([String]) -> [String]

  private static let batchRecords = 500
  private static let batchBytes = 1 << 20

  /// What became of it, errors included: however it ends, what is in the log is known.
  struct Outcome: Sendable {
    var summary: FeedSummary?
    var position: FeedPosition
    var blankLines: Int64 = 0
    var commentLines: Int64 = 0
    var skipped: Int64 = 0
    var notes: [String] = []
    var isEarly = false
    var error: (any Error)?
    /// Where it ended, if not at the end: the line that was not published, and its file.
    var place: (file: String, line: Int)?
  }

  /// Publishes until the files, the limit, an error or a cancellation end it, and waits until all of it is in the log.
  func run() async -> Outcome {
    var reading = Reading(job: self)
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

  /// Shows how far it is until it is cancelled.
  private func tick(_ facts: Reading.Facts) async {
    var progress = FeedProgress()
    let known = files.compactMap(\.bytes)
    let total = known.count == files.count ? known.reduce(0, +) : nil
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(100))
      let position = await feeder.progress()
      let read = facts.bytesRead
      progress.show(
        position.delivered, share: total.map { $0 > 0 ? Double(read) / Double($0) : 1 },
        trouble: position.delivered < position.queued ? trouble.recent : nil)
    }
    progress.clear()
  }

  /// The files one after the other, as batches.
  private struct Reading {
    /// What the ticker sees of it.
    final class Facts: Sendable {
      private let state = Mutex((done: Int64(0), current: RecordSource.ByteCount?.none))
      var bytesRead: Int64 { state.withLock { $0.done + ($0.current?.value ?? 0) } }
      func begin(_ count: RecordSource.ByteCount) {
        state.withLock {
          $0.done += $0.current?.value ?? 0
          $0.current = count
        }
      }
    }

    let job: FeedJob
    let facts = Facts()
    private let finder: KeyFinder?
    private var left: Int64
    private var index = 0
    private var source: RecordSource?
    private var map = LineMap()
    private var line = 0
    /// Read, but not handed out because of an error behind it.
    private(set) var pending = KafkaBatch()
    private var blankLines: Int64 = 0
    private var commentLines: Int64 = 0
    private var skipped: Int64 = 0
    private var notes: [String] = []

    init(job: FeedJob) {
      self.job = job
      left = job.limit
      finder = job.key.map { KeyFinder(path: $0) }
    }

    /// The next records; nil at the end of the last file.
    mutating func nextBatch() throws -> KafkaBatch? {
      pending = KafkaBatch()
      while pending.count < FeedJob.batchRecords, pending.payloadBytes < FeedJob.batchBytes, left > 0 {
        guard let source = try openSource() else { break }
        do {
          guard try take(source) else {
            close(source)
            index += 1
            continue
          }
        } catch let error as IngestError where error.isOfOneLine {
          line = error.line ?? line
          guard job.skipsBad || line < job.fromLine else { throw error }
          if line >= job.fromLine { skip(error) }
        }
      }
      if pending.isEmpty { return nil }
      defer { pending = KafkaBatch() }
      return pending
    }

    /// False: the file ends.
    private mutating func take(_ source: RecordSource) throws -> Bool {
      let taken: Void? = try source.withNext { bytes, number in
        line = number
        guard number >= job.fromLine else { return }
        let key = finder?.key(in: bytes)
        let size = bytes.count + (key?.count ?? 0)
        guard size <= job.recordBytesMax else {
          throw IngestError(tooLarge: size, limit: job.recordBytesMax, line: number)
        }
        if let key {
          key.withUnsafeBytes { pending.append(key: $0, value: bytes) }
        } else {
          pending.append(key: nil, value: bytes)
        }
        map.append(line: number, file: index)
        left -= 1
      }
      return taken != nil
    }

    private mutating func skip(_ error: IngestError) {
      skipped += 1
      if skipped <= 5 { Console.complain("skipped: \(place(index)): \(error)") }
      if skipped == 6 { Console.complain("skipped: more of them, which are only counted") }
    }

    private mutating func openSource() throws -> RecordSource? {
      if let source { return source }
      guard index < job.files.count else { return nil }
      let opened = try RecordSource(job.files[index], table: job.table, isStrict: job.skipsBad)
      source = opened
      line = 0
      facts.begin(opened.bytesRead)
      if let columns = try opened.columns() {
        notes += columns.isEmpty ? [] : job.judge(columns).map { "\(place(index)): \($0)" }
      }
      return opened
    }

    private mutating func close(_ source: RecordSource) {
      blankLines += source.blankLines
      commentLines += source.commentLines
      notes += source.notes.map { "\(place(index)): \($0)" }
      let isEmpty = map.place(of: map.count - 1).map { $0.file != index } ?? true
      if isEmpty, skipped == 0, job.fromLine <= 1 {
        let what = (try? source.columns()).map { $0?.isEmpty == false ? "a header and no records" : "no records" }
        notes.append("\(place(index)): the file holds \(what ?? "no records")")
      }
      self.source = nil
    }

    private func place(_ index: Int) -> String { job.files[index].name }

    mutating func finish(_ outcome: inout Outcome) {
      if let source { close(source) }
      outcome.blankLines = blankLines
      outcome.commentLines = commentLines
      outcome.skipped = skipped
      outcome.notes = notes
      if let failed = outcome.position.firstFailed, let place = map.place(of: failed) {
        outcome.place = (job.files[place.file].name, place.line)
      } else if outcome.isEarly {
        // What was queued last came before this one.
        let next = map.place(of: outcome.position.queued)
        if let next { outcome.place = (job.files[next.file].name, next.line) }
      } else if outcome.error is IngestError, index < job.files.count {
        outcome.place = (job.files[index].name, line)
      }
    }
  }
}
