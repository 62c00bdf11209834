import Testing
import retrainctl

@Suite("The memory of a control group")
struct MachineMemoryTests {
  private func limit(_ groups: String, _ files: [String: String]) -> Int? {
    MachineMemory.limit(groups: groups) { files[$0] }
  }

  @Test("is the least of its own and those around it, in both kinds of hierarchy")
  func least() {
    let files = [
      "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "2147483648\n",
      "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "536870912\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ]
    #expect(limit("0::/a/b\n", files) == 2 << 30)
    #expect(limit("12:cpu:/a/b\n4:memory:/docker/x\n0::/\n", files) == 512 << 20)
    #expect(limit("4:hugetlb,memory:/elsewhere\n", files) == 9_223_372_036_854_771_712)
    #expect(limit("0::/\n", ["/sys/fs/cgroup/memory.max": "1048576"]) == 1 << 20)
    #expect(limit("0::/a/b\n", [:]) == nil && limit("", files) == nil && limit("nonsense", files) == nil)
  }
}
