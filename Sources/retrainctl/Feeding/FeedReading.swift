import Foundation
import Ingest
import Kafka
import Synchronization

/// The files one after the other, as batches.
struct FeedReading {
  /// What the ticker sees of it.
  final class Facts: Sendable {
    private let state = Mutex((done: Int64(0), current: RecordSource.ByteCount?.none, records: Int64(0)))

    /// Of `total` bytes of files, the share whose records are in the log, as near as it is known.
    func share(of total: Int64, delivered: Int64) -> Double {
      state.withLock { state in
        guard total > 0, state.records > 0 else { return total > 0 ? 0 : 1 }
        let read = Double(state.done + (state.current?.value ?? 0)) / Double(total)
        return read * min(1, Double(delivered) / Double(state.records))
      }
    }

    func take(_ records: Int) { state.withLock { $0.records += Int64(records) } }
    func begin(_ count: RecordSource.ByteCount) {
      state.withLock {
        $0.done += $0.current?.value ?? 0
        $0.current = count
      }
    }
  }

  private static let batchRecords = 500
  private static let batchBytes = 1 << 20

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
  /// The notes that were said when they were found.
  private var told: [String] = []
  private var keys: KeyCount?
  private var numbers = NumberJudge(nil)

  init(job: FeedJob) {
    self.job = job
    left = job.limit
    finder = job.key.flatMap { KeyFinder(path: $0) }
    keys = job.key.map { KeyCount(path: $0) }
  }

  /// The next records; nil at the end of the last file.
  mutating func nextBatch() throws -> KafkaBatch? {
    pending = KafkaBatch()
    while pending.count < Self.batchRecords, pending.payloadBytes < Self.batchBytes, left > 0 {
      guard let source = try openSource() else { break }
      do {
        guard try take(source) else {
          try tellOfEmpty(source)
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
    facts.take(pending.count)
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
      tell(numbers.look(bytes) + (keys?.note(hasKey: key != nil, bytes) ?? []))
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
      numbers = NumberJudge(job.schema)
      if !columns.isEmpty { tell(job.judge(columns)) }
    }
    return opened
  }

  /// At once: what is wrong with every record is told before the last of them is published.
  private mutating func tell(_ news: [String]) {
    for sentence in news.map({ "\(place(index)): \($0)" }) {
      Console.complain("note: \(sentence)")
      told.append(sentence)
    }
  }

  private mutating func close(_ source: RecordSource) {
    tell(numbers.finish())
    blankLines += source.blankLines
    commentLines += source.commentLines
    notes += source.notes.map { "\(place(index)): \($0)" }
    self.source = nil
  }

  private mutating func tellOfEmpty(_ source: RecordSource) throws {
    if job.fromLine > 1, map.count == 0, skipped == 0 {
      // The line behind the last one is where a feed goes on that was complete.
      guard job.fromLine <= line + 1 else {
        throw CommandFailure(
          .usage, "\(place(index)): there is no line \(job.fromLine): the last record begins on line \(line)")
      }
      notes.append("\(place(index)): no record from line \(job.fromLine) on: all come before it")
      return
    }
    guard map.place(of: map.count - 1).map({ $0.file != index }) ?? true, skipped == 0, job.fromLine <= 1 else {
      return
    }
    let hasHeader = (try? source.columns())?.isEmpty == false
    notes.append("\(place(index)): the file holds \(hasHeader ? "a header and no records" : "no records")")
  }

  private func place(_ index: Int) -> String { job.files[index].name }

  mutating func finish(_ outcome: inout FeedJob.Outcome) {
    if let source { close(source) }
    if index == job.files.count { index -= 1 }
    tell(keys?.finish() ?? [])
    outcome.blankLines = blankLines
    outcome.commentLines = commentLines
    outcome.skipped = skipped
    outcome.notes = notes
    outcome.told = told
    if let failed = outcome.position.firstFailed, let place = map.place(of: failed) {
      outcome.place = (job.files[place.file].name, place.line)
    } else if outcome.isEarly || (outcome.error is KafkaError && outcome.position.failed == 0) {
      // What was queued last came before this one.
      let next = map.place(of: outcome.position.queued)
      if let next { outcome.place = (job.files[next.file].name, next.line) }
    } else if let error = outcome.error as? IngestError, index < job.files.count {
      outcome.place = (job.files[index].name, error.line ?? line)
    }
    outcome.nextLine = map.place(of: outcome.position.queued - 1).map { $0.line + 1 }
  }
}
