// Registered read of a memory outside (sf_rom, in an op's instance) whose address has its lowest bit late, from a compare.
//
// Function   word: what the memory holds at addr. With PAIRED the memory is read DIRECT and holds two words at a place, the
//            even one low: they are there before the late bit, which only chooses between them.
// Latency    1 enabled cycle.
// Reset      none.
`default_nettype none

module sf_rom_late #(
    parameter int ADDR = 1,
    parameter int WIDTH = 1,
    parameter bit PAIRED = 1'b0,
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = 1
) (
    input  wire                 clk,
    input  wire                 en,
    input  wire  [    ADDR-1:0] addr,
    output wire  [ROM_ADDR-1:0] rom_addr,  /// to the memory, what it needs in the low bits
    input  wire  [ROM_WORD-1:0] rom_data,  /// from it, likewise
    output wire  [   WIDTH-1:0] word       /// registered, here or in the memory
);
    if (PAIRED) begin : g_paired
        logic [WIDTH-1:0] word_q;
        assign rom_addr = ROM_ADDR'(addr >> 1);
        always_ff @(posedge clk) if (en) word_q <= addr[0] ? rom_data[WIDTH+:WIDTH] : rom_data[0+:WIDTH];
        assign word = word_q;
    end else begin : g_single
        assign rom_addr = ROM_ADDR'(addr);
        assign word = rom_data[0+:WIDTH];
    end
    wire unused = &{1'b0, clk, en, rom_data};
endmodule

`default_nettype wire
