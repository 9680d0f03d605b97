`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    struct packed {logic low; logic high;} pairs[4];
    always_ff @(posedge clk) pairs[a[1:0]] <= a[3:2];
    assign q = a;
endmodule
`default_nettype wire
