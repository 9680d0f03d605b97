`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    integer i;
    reg [3:0] b;
    always @* begin
        for (i = 0; i < 4; i++) b[i] = a[i];
    end
    assign q = b;
endmodule
`default_nettype wire
