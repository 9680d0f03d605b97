`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    reg [3:0] b;
    always @* begin
        reg [3:0] c;
        c = a;
        b = c;
    end
    assign q = b;
endmodule
`default_nettype wire
