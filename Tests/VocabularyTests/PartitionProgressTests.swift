import Foundation
import Testing
import Vocabulary

@Suite("Partition progress")
struct PartitionProgressTests {
  @Test("what an older program wrote is read, as the first stream without a loss")
  func older() throws {
    let text = #"{"partition":2,"startOffset":5,"nextOffset":30,"trained":20,"rejected":4,"skipped":1}"#
    let read = try JSONDecoder().decode(PartitionProgress.self, from: Data(text.utf8))
    #expect(
      read == PartitionProgress(partition: 2, startOffset: 5, nextOffset: 30, trained: 20, rejected: 4, skipped: 1))
    #expect(read.lost == 0 && read.stream == 0 && read.earlier == 0 && read.covered == 25)
  }

  @Test("what is written is what is read")
  func roundTrip() throws {
    let progress = PartitionProgress(
      partition: 1, startOffset: 3, nextOffset: 9, trained: 4, rejected: 1, skipped: 2, lost: 7, stream: 2, earlier: 8)
    #expect(try JSONDecoder().decode(PartitionProgress.self, from: JSONEncoder().encode(progress)) == progress)
  }

  @Test("in a topic made anew the offsets begin again, and the counts stay")
  func newStream() {
    var progress = PartitionProgress(partition: 0, startOffset: 10, nextOffset: 50, trained: 39, rejected: 1)
    progress.enter(stream: 1, at: 3)
    #expect(progress.covered == 40)
    #expect((progress.startOffset, progress.nextOffset, progress.stream) == (3, 3, 1))
    progress.nextOffset = 13
    progress.trained += 10
    #expect(progress.covered == progress.trained + progress.rejected + progress.skipped + progress.lost)
  }
}
