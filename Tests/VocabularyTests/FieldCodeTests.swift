import Testing
import Vocabulary

@Suite("Field codes")
struct FieldCodeTests {
  @Test("a field and what became of it make one number, and come back from it")
  func roundTrip() {
    var seen: Set<Int32> = []
    for field in [nil, 0, 1, 41] as [Int?] {
      for index in 0..<FieldNotice.count {
        let code = FieldCode(field: field, FieldNotice(index: index))
        #expect(code.field == field && code.notice.index == index)
        #expect(seen.insert(code.rawValue).inserted)
      }
    }
  }

  @Test("every notice has a name of its own that leads back to it")
  func names() {
    for index in 0..<FieldNotice.count {
      let notice = FieldNotice(index: index)
      #expect(FieldNotice(name: notice.name) == notice)
    }
    #expect(FieldNotice(name: "of_a_newer_program") == nil)
  }
}
