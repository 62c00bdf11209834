import Evaluation
import Pipelines
import Testing
import retrainctl

@Suite("Classes that never come")
struct ClassOccurrenceTests {
  @Test("a declared class is missed after a thousand labelled records, not before")
  func missed() {
    var metrics = StreamMetrics(task: .multiclass(3))
    func add(_ count: Int) {
      for place in 0..<count {
        let (outputs, label): ([Float], [Float]) = ([0.2, 0.5, 0.3], [place.isMultiple(of: 2) ? 0 : 2])
        metrics.add(outputs: outputs, labels: label, count: 1)
      }
    }
    let classes = ["cancelled", "divertd", "flown"]
    add(999)
    #expect(ClassOccurrence.warnings(metrics, classes: classes).isEmpty)
    add(1)
    let told = ClassOccurrence.warnings(metrics, classes: classes)
    #expect(
      told.count == 1 && told.first?.hasPrefix("the class 'divertd' is declared and has not come in 1,000") == true)
    #expect(ClassOccurrence.warnings(StreamMetrics(task: .binary), classes: ["no", "yes"]).isEmpty)
  }

  @Test("a model that has found all classes it may says so once others are refused")
  func full() {
    var label = LabelSettings(path: "kind", classes: ["hen", "owl"])
    (label.findsClasses, label.classesMax) = (true, 2)
    let told = ClassOccurrence.warning(ofFull: label, refused: 1200)
    #expect(told?.hasPrefix("all 2 classes that schema.label.classes_max allows have been found, and 1,200") == true)
    #expect(ClassOccurrence.warning(ofFull: label, refused: 0) == nil)
    label.classesMax = 3
    #expect(ClassOccurrence.warning(ofFull: label, refused: 1200) == nil)
  }
}
