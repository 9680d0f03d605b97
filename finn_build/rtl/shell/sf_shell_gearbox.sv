// Regroups bytes: words of IN_BYTES become words of OUT_BYTES, back to back; one of the two is a power of two.
//
// Packing    the earlier bytes lie in the lower bits on both sides.
// Latency    1 cycle from the word that completes an output word.
// II         max(1, OUT_BYTES / IN_BYTES, IN_BYTES / OUT_BYTES) on average: the narrow side moves every cycle.
// Reset      empty. `clear` drops what is left behind the word that leaves in the same cycle; `flush` lets what is left,
//            fewer than OUT_BYTES, out as a last word, anything above it.
// Area       one multiplexer of OUT_BYTES / UNIT inputs for each bit of an input word.
// Proven     byte n in is byte n out, by induction (tests/board/test_proofs.py).
`default_nettype none

module sf_shell_gearbox #(
    parameter int IN_BYTES  = 8,
    parameter int OUT_BYTES = 3
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire                    clear,
    input  wire                    flush,       /// no input follows; holds until out_valid falls
    input  wire  [ 8*IN_BYTES-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// follows out0_ready
    output logic [8*OUT_BYTES-1:0] out0_data,   /// registered
    output logic                   out0_valid,
    input  wire                    out0_ready
);
    if (2 ** $clog2(IN_BYTES) != IN_BYTES && 2 ** $clog2(OUT_BYTES) != OUT_BYTES) begin : g_illegal
        $fatal(1, "shell_gearbox: IN_BYTES=%0d or OUT_BYTES=%0d must be a power of two", IN_BYTES, OUT_BYTES);
    end

    localparam int SIDES = IN_BYTES | OUT_BYTES;
    localparam int UNIT = SIDES & -SIDES;  // greatest common divisor, as one side, the bus, is a power of two
    localparam int TAKE = IN_BYTES / UNIT;  // all counts in units from here on
    localparam int GIVE = OUT_BYTES / UNIT;
    localparam int PLACES = GIVE - 1 + TAKE;
    localparam int BITS = PLACES * 8 * UNIT;

    logic [BITS-1:0] held_q, next;
    logic [PLACES-1:0] there_q, left;  // which units are there, the low ones first: nothing waits for a comparison
    wire [PLACES+GIVE-1:0] there = {GIVE'(0), there_q};
    wire send = out0_valid && out0_ready;
    wire take = in0_valid && in0_ready;

    assign out0_data  = held_q[8*OUT_BYTES-1:0];
    assign out0_valid = there[GIVE-1] || (flush && there[0]);
    // Where it counts, something is there to send, flushed or not.
    assign in0_ready  = !there[GIVE-1] || (out0_ready && !there[2*GIVE-1]);
    assign left = send ? there[GIVE+:PLACES] : there[0+:PLACES];
    // What is left where a word is taken: one that is there leaves in that cycle, so nothing waits for `ready`.
    wire [PLACES-1:0] base = there[GIVE-1] ? there[GIVE+:PLACES] : there[0+:PLACES];
    wire [PLACES:0] below = {base, 1'b1};

    // A unit is what it was, what lies GIVE further, or of what enters; taken or not, as what lies beyond is not counted.
    // Units beyond the first word behind one that leaves keep what they hold for a cycle more, and do not wait for `send`.
    for (genvar u = 0; u < PLACES; u++) begin : g_unit
        localparam int FROM = u * 8 * UNIT, NEXT = u + GIVE < PLACES ? FROM + 8 * OUT_BYTES : FROM;
        localparam int FIRST = u < TAKE ? 0 : u - TAKE + 1, LAST = u < GIVE ? u : GIVE - 1;  // what it may begin at
        logic [8*UNIT-1:0] entering;
        always_comb begin
            entering = '0;
            for (int p = FIRST; p <= LAST; p++) begin
                if (FIRST == LAST || (below[p] && !base[p])) entering |= in0_data[(u-p)*8*UNIT+:8*UNIT];
            end
        end
        wire stays = u < 2 * TAKE - 1 ? left[u] : there_q[u];
        assign next[FROM+:8*UNIT] = !stays && !flush ? entering : held_q[(send?NEXT:FROM)+:8*UNIT];
    end

    always_ff @(posedge clk) begin
        held_q <= next;
        if (rst || clear) there_q <= '0;
        else there_q <= take ? PLACES'({left, {TAKE{1'b1}}}) : left;
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst || clear)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
