import Evaluation
import Foundation
import Health
import Registry
import TestKit
import Testing
import Vocabulary

@Suite("Traces of records", .serialized)
struct ForgettingTests {
  @Test("a text names a record in either way of writing its place, and no other record's")
  func mentions() throws {
    let mentions = RecordMentions(topic: "flights", LeftOut([OffsetStretch(partition: 2, from: 40, next: 42)]))
    #expect(mentions.isMention("17.5 at flights/2@40") && mentions.isMention("see flights/2/41, which"))
    for other in ["flights/2@4", "flights/2@400", "flights/1@40", "other/2@40", "flights/2", "flights/x@40", ""] {
      #expect(!mentions.isMention(other), "\(other)")
    }
    let json = #"{"fields":[{"example":"1e9 at flights/2@41","n":3},{"example":"2 at flights/2@42"}],"reason":"ok"}"#
    let purged = try #require(mentions.purge(json))
    #expect(purged.count == 1 && purged.text.contains("(forgotten)") && purged.text.contains("2 at flights\\/2@42"))
    #expect(mentions.purge(#"{"reason":"flights/2@43"}"#) == nil)
  }

  @Test("a sample without some of its records has the others, and counts what it was drawn from")
  func samples() {
    var sample = RowSample([])
    for offset in 0..<20 {
      let key = RecordKey(partition: 1, offset: Int64(offset)).word
      if sample.wants(key) { sample.append(key) { _ in } }
    }
    let rest = sample.without { $0.offset < 5 }
    #expect(rest.count == 15 && rest.seen == 20 && (0..<15).allSatisfy { rest.key($0).offset >= 5 })
  }
}
