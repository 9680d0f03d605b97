// The registers of the shell; README.md lists them.
//
// Function   behind sf_shell_axilite: control pulses, the job of every stream, interrupts, and what can be read.
// Latency    reads 2 cycles; writes act in the next cycle, pulses in the one after.
// Reset      job registers, timeout and interrupts are 0.
`default_nettype none

module sf_shell_registers #(
    parameter int INPUTS     = 1,
    parameter int OUTPUTS    = 1,
    parameter int ADDR_BITS  = 32,
    parameter int WORD_BYTES = 8,
    parameter int BURST      = 16,
    parameter bit [INPUTS+OUTPUTS-1:0][31:0] BEAT_BYTES  = '0,
    parameter bit [INPUTS+OUTPUTS-1:0][31:0] FRAME_BYTES = '0,
    parameter HASH_FILE = "build_hash.mem",  /// four words of 32 bits, the most significant first
    parameter int STREAMS = INPUTS + OUTPUTS
) (
    input  wire                              clk,
    input  wire                              rst,            /// synchronous, active high
    input  wire                              write,
    input  wire  [ 9:0]                      write_address,  /// in words
    input  wire  [31:0]                      write_data,
    input  wire                              read,
    input  wire  [ 9:0]                      read_address,   /// in words
    output logic [31:0]                      read_data,
    output logic                             start,          /// pulse
    output logic                             reset,          /// pulse
    output logic                             clear,          /// pulse: counters to 0
    output logic [STREAMS-1:0][ADDR_BITS-1:0] job_address,
    output logic [STREAMS-1:0][31:0]         job_bytes,
    output logic                             bad,            /// no job: misaligned, empty or out of range
    output logic [ 7:0]                      bad_stream,
    output logic [31:0]                      timeout,
    output logic                             irq,            /// level
    input  wire                              idle,
    input  wire                              queued,
    input  wire                              halt,
    input  wire                              done,
    input  wire                              error_pulse,
    input  wire  [31:0]                      error,
    input  wire  [31:0]                      error_streams,
    input  wire  [47:0]                      cycles,
    input  wire  [31:0]                      frames,
    input  wire  [31:0]                      job_latency,
    input  wire  [47:0]                      job_cycles,
    input  wire  [STREAMS-1:0][31:0]         beats,
    input  wire  [STREAMS-1:0][31:0]         stalled,
    input  wire  [STREAMS-1:0][31:0]         starved
);
    // registers.yaml begin
    localparam logic [31:0] ID = 32'h53474E46, VERSION = 32'h00010000;
    localparam logic [5:0] STREAM_0 = 6'd4;  // in steps of 64 bytes
    localparam logic [5:0] AT_ID = 6'h00, AT_VERSION = 6'h01, AT_CAPABILITIES = 6'h02, AT_CONTROL = 6'h03,
        AT_STATUS = 6'h04, AT_JOBS = 6'h05, AT_INT_ENABLE = 6'h06, AT_INT_STATUS = 6'h07, AT_TIMEOUT = 6'h08,
        AT_ERROR = 6'h09, AT_STREAMS = 6'h0A, AT_CYCLES = 6'h0C, AT_CYCLES_HIGH = 6'h0D, AT_FRAMES = 6'h0E,
        AT_JOB_LATENCY = 6'h0F, AT_JOB_CYCLES = 6'h10, AT_JOB_CYCLES_HIGH = 6'h11, AT_BUILD_HASH = 6'h14;
    localparam logic [3:0] OF_ADDRESS = 4'h0, OF_ADDRESS_HIGH = 4'h1, OF_BYTES = 4'h2, OF_BEAT_BYTES = 4'h3,
        OF_FRAME_BYTES = 4'h4, OF_BEATS = 4'h5, OF_STALLED = 4'h6, OF_STARVED = 4'h7;
    // registers.yaml end
    localparam logic [9:0] CONTROL = {4'd0, AT_CONTROL}, TIMEOUT = {4'd0, AT_TIMEOUT};
    localparam logic [9:0] INT_ENABLE = {4'd0, AT_INT_ENABLE}, INT_STATUS = {4'd0, AT_INT_STATUS};

    logic [STREAMS-1:0][63:0] address_q;
    logic [31:0] jobs_q, timeout_q;
    logic [15:0] high_q;   // of the 48-bit counter whose low word was read last
    logic [15:0] above_q;  // of the one whose low word was read in the cycle before
    logic [31:0] lower, upper, of_stream, lower_q, upper_q, of_stream_q;
    logic [31:0][31:0] common;  // by address
    logic [7:0][31:0] words;    // of a stream, by address
    logic [1:0] enable_q, status_q;
    logic [31:0] hash[4];
    wire for_stream = write && !queued;

    initial $readmemh(HASH_FILE, hash);

    assign timeout = timeout_q;
    assign irq = (enable_q & status_q) != '0;

    // A job's registers stand for some cycles before its start can come: two until it is known which are wrong.
    logic [STREAMS-1:0] wrong_q;
    logic [7:0] wrong_stream;
    always_ff @(posedge clk) {bad, bad_stream} <= {wrong_q != '0, wrong_stream};
    always_comb begin
        wrong_stream = '0;
        for (int i = STREAMS - 1; i >= 0; i--) begin
            job_address[i] = ADDR_BITS'(address_q[i]);
            if (wrong_q[i]) wrong_stream = 8'(unsigned'(i));
        end
    end
    always_ff @(posedge clk) begin
        for (int i = 0; i < STREAMS; i++)
            wrong_q[i] <= address_q[i] % 64'(WORD_BYTES) != '0 || job_bytes[i] == '0 || (address_q[i] >> ADDR_BITS) != '0;
    end

    always_ff @(posedge clk) {clear, reset, start} <= {3{write && write_address == CONTROL}} & write_data[2:0];

    always_ff @(posedge clk) begin
        if (rst) begin
            address_q <= '0;
            job_bytes <= '0;
            timeout_q <= '0;
            enable_q <= '0;
            status_q <= '0;
            jobs_q <= '0;
        end else begin
            for (int i = 0; i < STREAMS; i++) begin
                if (for_stream && write_address[9:4] == STREAM_0 + 6'(unsigned'(i))) begin
                    if (write_address[3:0] == OF_ADDRESS) address_q[i][31:0] <= write_data;
                    if (write_address[3:0] == OF_ADDRESS_HIGH) address_q[i][63:32] <= write_data;
                    if (write_address[3:0] == OF_BYTES) job_bytes[i] <= write_data;
                end
            end
            if (write && write_address == TIMEOUT) timeout_q <= write_data;
            if (write && write_address == INT_ENABLE) enable_q <= write_data[1:0];
            status_q <= (status_q & (write && write_address == INT_STATUS ? ~write_data[1:0] : '1)) | {error_pulse, done};
            jobs_q <= jobs_q + 32'(done);
            if (reset) begin
                status_q <= '0;
                jobs_q <= '0;
            end
        end
        if (read && (read_address == {4'd0, AT_CYCLES} || read_address == {4'd0, AT_JOB_CYCLES})) high_q <= above_q;
    end

    // In three steps: which registers, of each kind the one at the address, then the kind.
    logic [15:0] at_q;              // one-hot, of the low bits
    logic [STREAMS-1:0] streams_q;  // one-hot
    assign read_data = read_address[9:6] != '0 ? of_stream_q : read_address[5] ? '0 : read_address[4] ? upper_q : lower_q;

    always_ff @(posedge clk) begin
        at_q <= 16'd1 << read_address[3:0];
        for (int i = 0; i < STREAMS; i++) streams_q[i] <= read_address[9:4] == STREAM_0 + 6'(unsigned'(i));
        lower_q     <= lower;
        upper_q     <= upper;
        of_stream_q <= of_stream;
        above_q     <= read_address[4] ? job_cycles[47:32] : cycles[47:32];
    end

    always_comb begin
        common = '0;
        common[AT_ID[4:0]] = ID;
        common[AT_VERSION[4:0]] = VERSION;
        common[AT_CAPABILITIES[4:0]] = {8'd0, 8'(BURST), 8'(WORD_BYTES), 4'(OUTPUTS), 4'(INPUTS)};
        common[AT_STATUS[4:0]] = {28'd0, halt, error != '0, queued, idle};
        common[AT_JOBS[4:0]] = jobs_q;
        common[AT_INT_ENABLE[4:0]] = {30'd0, enable_q};
        common[AT_INT_STATUS[4:0]] = {30'd0, status_q};
        common[AT_TIMEOUT[4:0]] = timeout_q;
        common[AT_ERROR[4:0]] = error;
        common[AT_STREAMS[4:0]] = error_streams;
        common[AT_CYCLES[4:0]] = cycles[31:0];
        common[AT_CYCLES_HIGH[4:0]] = {16'd0, high_q};
        common[AT_JOB_CYCLES_HIGH[4:0]] = common[AT_CYCLES_HIGH[4:0]];
        common[AT_FRAMES[4:0]] = frames;
        common[AT_JOB_LATENCY[4:0]] = job_latency;
        common[AT_JOB_CYCLES[4:0]] = job_cycles[31:0];
        for (int unsigned i = 0; i < 4; i++) common[AT_BUILD_HASH[4:0]+5'(i)] = hash[i];
    end

    always_comb begin
        {lower, upper, of_stream} = '0;
        for (int i = 0; i < 16; i++) begin
            lower |= common[i] & {32{at_q[i]}};
            upper |= common[16+i] & {32{at_q[i]}};
        end
        for (int i = 0; i < STREAMS; i++) begin
            words = '0;
            words[OF_ADDRESS[2:0]] = address_q[i][31:0];
            words[OF_ADDRESS_HIGH[2:0]] = address_q[i][63:32];
            words[OF_BYTES[2:0]] = job_bytes[i];
            words[OF_BEAT_BYTES[2:0]] = BEAT_BYTES[i];
            words[OF_FRAME_BYTES[2:0]] = FRAME_BYTES[i];
            words[OF_BEATS[2:0]] = beats[i];
            words[OF_STALLED[2:0]] = stalled[i];
            words[OF_STARVED[2:0]] = starved[i];
            for (int j = 0; j < 8; j++) of_stream |= words[j] & {32{streams_q[i] && at_q[j]}};
        end
    end
endmodule

`default_nettype wire
