import os

from fastapi import Depends, FastAPI, Request, HTTPException
from fastapi.responses import JSONResponse
from fastapi.middleware.cors import CORSMiddleware
from scalekit import ScalekitClient
from scalekit.common.scalekit import TokenValidationOptions

from todos import create_user_todo, delete_user_todo, get_user_todos

scalekit = ScalekitClient(
    env_url=os.getenv("SCALEKIT_ENVIRONMENT_URL"),
    client_id=os.getenv("SCALEKIT_CLIENT_ID"),
    client_secret=os.getenv("SCALEKIT_CLIENT_SECRET")
)

RESOURCE_ID = os.getenv("RESOURCE_ID")
MCP_SERVER_URL = os.getenv("MCP_SERVER_URL")

app = FastAPI()

@app.get("/.well-known/oauth-protected-resource")
async def oauth_protected_resource():
    return {
        "resource": MCP_SERVER_URL,
        "authorization_servers": [
            f"{os.getenv('SCALEKIT_ENVIRONMENT_URL')}/resources/{RESOURCE_ID}"
        ],
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{MCP_SERVER_URL}/docs",
        "scopes_supported": ["todo:read", "todo:write", "todo:delete"]
    }

async def auth_middleware(request: Request, call_next):
    # Skip auth for discovery endpoint
    if '.well-known' in request.url.path:
        return await call_next(request)

    # Extract Bearer token
    auth_header = request.headers.get("Authorization", "")
    token = None
    if auth_header.startswith("Bearer "):
        token = auth_header.split("Bearer ")[1].strip()

    if not token:
        return JSONResponse(
            status_code=401,
            headers={
                "WWW-Authenticate": f'Bearer realm="OAuth", resource_metadata="{MCP_SERVER_URL}/.well-known/oauth-protected-resource"'
            },
            content={"error": "Missing or invalid Bearer token"}
        )

    try:
        # Validate token
        claims = scalekit.validate_token(
            token,
            options=TokenValidationOptions(
                issuer=os.getenv("SCALEKIT_ENVIRONMENT_URL"),
                audience=[RESOURCE_ID]
            )
        )

        # Attach user info to request
        request.state.user = claims
        request.state.scopes = claims.get("scope", "").split()

        return await call_next(request)

    except Exception as error:
        return JSONResponse(
            status_code=401,
            headers={
                "WWW-Authenticate": f'Bearer realm="OAuth", error="invalid_token", resource_metadata="{MCP_SERVER_URL}/.well-known/oauth-protected-resource"'
            },
            content={"error": "Invalid or expired token"}
        )

# Apply middleware
app.middleware("http")(auth_middleware)

def require_scope(scope: str):
    async def check_scope(request: Request):
        scopes = getattr(request.state, 'scopes', [])
        if scope not in scopes:
            raise HTTPException(
                status_code=403,
                detail={
                    "error": "insufficient_scope",
                    "error_description": f"Required scope: {scope}",
                    "scope": scope
                }
            )
        return True
    return check_scope

# Protect endpoints
@app.get("/todos")
async def get_todos(request: Request, _: bool = Depends(require_scope("todo:read"))):
    user = request.state.user
    todos = await get_user_todos(user["sub"])
    return {"todos": todos}

@app.post("/todos")
async def create_todo(request: Request, todo_data: dict, _: bool = Depends(require_scope("todo:write"))):
    user = request.state.user
    todo = await create_user_todo(user["sub"], todo_data)
    return {"todo": todo}

@app.delete("/todos/{todo_id}")
async def delete_todo(request: Request, todo_id: str, _: bool = Depends(require_scope("todo:delete"))):
    user = request.state.user
    await delete_user_todo(user["sub"], todo_id)
    return {"success": True}

app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],  # Or specify allowed origins
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)
