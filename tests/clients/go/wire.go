package main

// The connection to one task hub, and what the client lets nobody see of a reply.

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/microsoft/durabletask-go/client"
	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// hub is the client of one task hub on one connection.
type hub struct {
	endpoint   string
	name       string
	connection *grpc.ClientConn
	client     *client.TaskHubGrpcClient
}

func connect(endpoint, name string) (*hub, error) {
	// A restarted server is looked for every second, not ever more seldom.
	quick := backoff.DefaultConfig
	quick.MaxDelay = time.Second
	connection, err := grpc.Dial(strings.TrimPrefix(endpoint, "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: quick, MinConnectTimeout: 5 * time.Second}),
		grpc.WithUnaryInterceptor(callOn(name)),
		grpc.WithStreamInterceptor(streamOn(name)))
	if err != nil {
		return nil, err
	}
	return &hub{endpoint, name, connection, client.NewTaskHubGrpcClient(connection, complaints{})}, nil
}

func (h *hub) close() {
	_ = h.connection.Close()
}

// listen starts a worker with a connection of its own, and gives what stops it.
func listen(ctx context.Context, endpoint, name string, tasks *task.TaskRegistry) (func(), error) {
	h, err := connect(endpoint, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := func() {
		cancel()
		h.close()
	}
	if err := h.client.StartWorkItemListener(ctx, tasks); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// The client names no task hub; the server takes it from this header.
const taskHubHeader = "taskhub"

func callOn(name string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		err := invoke(metadata.AppendToOutgoingContext(ctx, taskHubHeader, name),
			method, request, reply, connection, options...)
		if show, watched := ctx.Value(replyWatch{}).(func(any)); watched && err == nil {
			show(reply)
		}
		return err
	}
}

func streamOn(name string) grpc.StreamClientInterceptor {
	return func(ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn,
		method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		return open(metadata.AppendToOutgoingContext(ctx, taskHubHeader, name),
			description, connection, method, options...)
	}
}

// replyWatch is the context key of a function that is shown the reply of a call.
type replyWatch struct{}

// details is a failure as the server gives it; the client's metadata never carries it.
type details struct {
	ErrorType    string   `json:"errorType"`
	ErrorMessage string   `json:"errorMessage"`
	StackTrace   string   `json:"stackTrace"`
	InnerFailure *details `json:"innerFailure"`
}

type stateReply struct {
	OrchestrationState struct {
		FailureDetails *details `json:"failureDetails"`
	} `json:"orchestrationState"`
}

func decodeState(reply any) (stateReply, error) {
	var decoded stateReply
	text, err := protojson.Marshal(reply.(proto.Message))
	if err != nil {
		return decoded, err
	}
	return decoded, json.Unmarshal(text, &decoded)
}
